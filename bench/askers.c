#define _GNU_SOURCE
/* Clients that ask over HTTP, each the next request as soon as it has the answer to the last.
 *
 * usage: askers PORT CLIENTS STATUS FILE
 *
 * FILE holds requests: for each a line with its length in bytes, then the request. The clients,
 * connected to 127.0.0.1:PORT, take them in turn, from the first again after the last. Prints
 * "ready" when all are connected. Lines on standard input are answered:
 *
 *     begin   nothing; asking begins
 *     end     as soon as all that was asked is answered, "COUNT NANOSECONDS", the time since the
 *             beginning, and then for each answer an int64: how many nanoseconds it took
 *
 * Ends with standard input. A lost connection and an answer of another status than STATUS are
 * errors.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM "askers"
#include "program.h"

enum { BUFFER = 1 << 20 };

struct client {
    int fd;
    int64_t asked_ns;
    char *answer;
    size_t length;
};

struct request {
    char *text;
    size_t length;
};

static struct client *clients;
static size_t client_count, waiting_count;
static struct request *requests;
static size_t request_count, next_request;
static char status_line[32];
static int poller, is_asking, is_ending;
static int64_t begun_ns, *times_ns;
static size_t time_count, time_room;

static void *grown(void *old, size_t bytes) {
    void *new = realloc(old, bytes);
    if (!new) fail("realloc");
    return new;
}

static void read_requests(const char *name) {
    FILE *file = fopen(name, "r");
    if (!file) fail(name);
    size_t length;
    while (fscanf(file, "%zu", &length) == 1 && fgetc(file) == '\n') {
        requests = grown(requests, (request_count + 1) * sizeof *requests);
        struct request *request = &requests[request_count++];
        *request = (struct request){grown(NULL, length), length};
        if (fread(request->text, 1, length, file) != length) errno = EINVAL, fail(name);
    }
    if (!request_count) errno = EINVAL, fail(name);
    fclose(file);
}

static void open_client(struct client *client, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((unsigned short)port)};
    int fd = client->fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0) fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    client->answer = grown(NULL, BUFFER);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

/* Ask the next request: it fits into an empty socket buffer. */
static void ask(struct client *client) {
    struct request *request = &requests[next_request++ % request_count];
    client->asked_ns = now_ns();
    client->length = 0;
    waiting_count++;
    if (send(client->fd, request->text, request->length, MSG_NOSIGNAL) != (ssize_t)request->length)
        fail("send");
}

/* Find a header field; its name begins with the line before's end and ends with a colon. */
static const char *field(const char *head, const char *end, const char *name) {
    size_t length = strlen(name);
    for (const char *at = head; at + length <= end; at++)
        if (*at == '\r' && !strncasecmp(at, name, length)) return at + length;
    return NULL;
}

/* Tell whether all of an answer is there. JSON holds no line ends, so chunks end but once. */
static int is_complete(const struct client *client) {
    static const char last_chunk[] = "0\r\n\r\n";
    enum { LAST = sizeof last_chunk - 1 };
    const char *head = client->answer, *end = memmem(head, client->length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t body = client->length - (size_t)(end + 4 - head);
    const char *length = field(head, end, "\r\ncontent-length:");
    if (length) return body == strtoul(length, NULL, 10);
    if (!field(head, end, "\r\ntransfer-encoding:")) return 1;
    if (body < LAST || memcmp(head + client->length - LAST, last_chunk, LAST)) return 0;
    return body == LAST || head[client->length - LAST - 1] == '\n';
}

static void note(struct client *client) {
    if (memcmp(client->answer, status_line, strlen(status_line))) {
        fprintf(stderr, "askers: %.*s\n", (int)client->length, client->answer);
        errno = EPROTO, fail("another status");
    }
    if (time_count == time_room) {
        time_room = time_room ? 2 * time_room : 1 << 16;
        times_ns = grown(times_ns, time_room * sizeof *times_ns);
    }
    times_ns[time_count++] = now_ns() - client->asked_ns;
    waiting_count--;
}

static void take(struct client *client) {
    ssize_t count =
        recv(client->fd, client->answer + client->length, BUFFER - client->length, 0);
    if (count <= 0) fail("connection lost");
    client->length += (size_t)count;
    if (!is_complete(client)) return;
    note(client);
    if (is_asking) ask(client);
}

static void report(void) {
    is_ending = 0;
    printf("%zu %lld\n", time_count, (long long)(now_ns() - begun_ns));
    fwrite(times_ns, sizeof *times_ns, time_count, stdout);
    fflush(stdout);
    time_count = 0;
}

static void obey(void) {
    char line[64];
    size_t length = 0;
    do {
        ssize_t count = read(STDIN_FILENO, line + length, 1);
        if (count <= 0) exit(0);
    } while (line[length] != '\n' && ++length < sizeof line - 1);
    line[length] = 0;
    if (!strcmp(line, "begin")) {
        is_asking = 1;
        begun_ns = now_ns();
        for (size_t i = 0; i < client_count; i++) ask(&clients[i]);
    } else if (!strcmp(line, "end")) {
        is_asking = 0;
        is_ending = 1;
    } else {
        errno = EINVAL, fail(line);
    }
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    client_count = strtoul(argv[2], NULL, 10);
    snprintf(status_line, sizeof status_line, "HTTP/1.1 %s ", argv[3]);
    read_requests(argv[4]);

    poller = epoll_create1(0);
    struct epoll_event commands = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &commands)) fail("epoll_ctl");
    clients = grown(NULL, client_count * sizeof *clients);
    for (size_t i = 0; i < client_count; i++) open_client(&clients[i], atoi(argv[1]));
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                take(events[i].data.ptr);
            else
                obey();
        if (is_ending && !waiting_count) report();
    }
}
