#define _GNU_SOURCE
/* Many clients that join and then note what they get.
 *
 * usage: viewers PORT FILE READY
 *
 * Each line of FILE is a client: the path it opens on 127.0.0.1:PORT, a tab, and the text that
 * it sends first. It has joined when a text comes that holds READY; without a text to send, when
 * it is connected. Prints "ready" when all have joined. From then on every text that holds
 * "bench:NUMBER" is noted, and lines on standard input are answered:
 *
 *     until COUNT   "COUNT" as soon as so many were noted since the last take
 *     take          "COUNT BYTES", the texts' length together, then for each of them three
 *                   int64: NUMBER, the client's line in FILE from 0, and when it had come, in
 *                   nanoseconds of CLOCK_MONOTONIC
 *
 * Ends with standard input. A connection that is lost is an error.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM "viewers"
#include "program.h"

enum { BUFFER = 1 << 18, JOINING_AT_A_TIME = 128 };

enum state { CONNECTING, JOINING, JOINED };

struct client {
    int fd;
    enum state state;
    char *path, *join;
    char *held; /* the beginning of an unfinished frame */
    size_t held_length;
};

struct note {
    int64_t number, client, at_ns;
};

static struct client *clients;
static size_t client_count, begun_count, joined_count;
static const char *ready_text;
static int port, poller;

static struct note *notes;
static size_t note_count, note_room, noted_bytes, until_count;
static int is_asked_until;

static void *grown(void *old, size_t bytes) {
    void *new = realloc(old, bytes);
    if (!new) fail("realloc");
    return new;
}

/* Send all of it: what a client says fits into an empty socket buffer. */
static void send_all(int fd, const void *data, size_t length) {
    if (send(fd, data, length, MSG_NOSIGNAL) != (ssize_t)length) fail("send");
}

/* Send a text; its mask of zeros leaves it as it is. */
static void send_text(int fd, const char *text) {
    static unsigned char frame[8 + 65535];
    size_t length = strlen(text), header = length < 126 ? 2 : 4;
    if (length > 65535) errno = EMSGSIZE, fail("send");
    frame[0] = 0x81;
    frame[1] = (unsigned char)(0x80 | (length < 126 ? length : 126));
    if (header == 4) frame[2] = (unsigned char)(length >> 8), frame[3] = (unsigned char)length;
    memset(frame + header, 0, 4);
    memcpy(frame + header + 4, text, length);
    send_all(fd, frame, header + 4 + length);
}

static void read_clients(const char *name) {
    FILE *file = fopen(name, "r");
    if (!file) fail(name);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *tab = strchr(line, '\t');
        if (!tab) errno = EINVAL, fail(name);
        *tab = 0;
        clients = grown(clients, (client_count + 1) * sizeof *clients);
        clients[client_count++] = (struct client){.path = strdup(line), .join = strdup(tab + 1)};
    }
    free(line);
    fclose(file);
}

static void begin_next(void) {
    if (begun_count == client_count) return;
    struct client *client = &clients[begun_count++];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((unsigned short)port)};
    static char request[8192];
    int fd = client->fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0) fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          client->path);
    if (length >= (int)sizeof request) errno = EMSGSIZE, fail("path");
    send_all(fd, request, (size_t)length);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static void set_joined(struct client *client) {
    client->state = JOINED;
    if (++joined_count == client_count) {
        printf("ready\n");
        fflush(stdout);
    }
    begin_next();
}

/* Note a text that a change brought. */
static void note(struct client *client, const char *text, size_t length, int64_t at_ns) {
    static const char mark[] = "bench:";
    static size_t place; /* where it was found last, and mostly is again */
    enum { MARK = sizeof mark - 1 };
    if (place + MARK > length || memcmp(text + place, mark, MARK)) {
        const char *found = memmem(text, length, mark, MARK);
        if (!found) return;
        place = (size_t)(found - text);
    }
    if (note_count == note_room) {
        note_room = note_room ? 2 * note_room : 1 << 16;
        notes = grown(notes, note_room * sizeof *notes);
    }
    notes[note_count++] =
        (struct note){strtoll(text + place + MARK, NULL, 10), client - clients, at_ns};
    noted_bytes += length;
}

static void take_text(struct client *client, const char *text, size_t length, int64_t at_ns) {
    if (client->state == JOINED)
        note(client, text, length, at_ns);
    else if (memmem(text, length, ready_text, strlen(ready_text)))
        set_joined(client);
}

/* Take the answer to the upgrade; gives how long it is, or 0 if it is not complete. */
static size_t take_answer(struct client *client, const char *data, size_t length) {
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101", 12)) errno = ECONNREFUSED, fail("no upgrade");
    client->state = JOINING;
    if (*client->join)
        send_text(client->fd, client->join);
    else
        set_joined(client);
    return (size_t)(end - data) + 4;
}

/* Take a frame; gives how long it is, or 0 if it is not complete. */
static size_t take_frame(struct client *client, const char *data, size_t left, int64_t at_ns) {
    const unsigned char *head = (const unsigned char *)data;
    size_t header = 2;
    if (left < header) return 0;
    size_t length = head[1] & 127;
    if (length == 127) errno = EMSGSIZE, fail("frame");
    if (length == 126) {
        header = 4;
        if (left < header) return 0;
        length = (size_t)(head[2] << 8 | head[3]);
    }
    if (left < header + length) return 0;
    if ((head[0] & 15) == 8) errno = ECONNRESET, fail("closed by the server");
    take_text(client, data + header, length, at_ns);
    return header + length;
}

static void take(struct client *client) {
    static char buffer[BUFFER];
    size_t held = client->held_length, at = 0, taken;
    if (held) memcpy(buffer, client->held, held);
    ssize_t count = recv(client->fd, buffer + held, BUFFER - held, 0);
    if (count <= 0) fail("connection lost");
    int64_t at_ns = now_ns();
    size_t end = held + (size_t)count;
    do {
        taken = client->state == CONNECTING ? take_answer(client, buffer + at, end - at)
                                            : take_frame(client, buffer + at, end - at, at_ns);
        at += taken;
    } while (taken);
    client->held_length = end - at;
    if (client->held_length || held) {
        client->held = grown(client->held, client->held_length + 1);
        memcpy(client->held, buffer + at, client->held_length);
    }
}

static void answer_until(void) {
    if (!is_asked_until || note_count < until_count) return;
    is_asked_until = 0;
    printf("%zu\n", note_count);
    fflush(stdout);
}

static void answer(void) {
    char line[64];
    size_t length = 0;
    do {
        ssize_t count = read(STDIN_FILENO, line + length, 1);
        if (count <= 0) exit(0);
    } while (line[length] != '\n' && ++length < sizeof line - 1);
    line[length] = 0;
    if (!strcmp(line, "take")) {
        printf("%zu %zu\n", note_count, noted_bytes);
        fwrite(notes, sizeof *notes, note_count, stdout);
        fflush(stdout);
        note_count = noted_bytes = 0;
    } else if (sscanf(line, "until %zu", &until_count) == 1) {
        is_asked_until = 1;
    } else {
        errno = EINVAL, fail(line);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    port = atoi(argv[1]);
    ready_text = argv[3];
    read_clients(argv[2]);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    poller = epoll_create1(0);
    struct epoll_event commands = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &commands)) fail("epoll_ctl");
    for (int i = 0; i < JOINING_AT_A_TIME; i++) begin_next();
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                take(events[i].data.ptr);
            else
                answer();
        answer_until();
    }
}
