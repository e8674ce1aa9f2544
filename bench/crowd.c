#define _GNU_SOURCE
/* A crowd that gets what one of it sends.
 *
 * usage: crowd PORT PATH RECEIVERS JOIN HEAD TAIL COUNT WINDOW RATE
 *
 * Opens RECEIVERS WebSockets and one more to 127.0.0.1:PORT. Unless JOIN is empty, each sends
 * it and waits for an answer. Then the last one sends COUNT texts: HEAD, the time in
 * nanoseconds (19 digits), TAIL. With a RATE it sends so many a second; without, at most WINDOW
 * are on their way at a time. Prints "ready" after the joins, and when everybody got everything
 *
 *     SECONDS P50_MICROSECONDS P99_MICROSECONDS
 *
 * where the times are from sending to having read. A message that is missing or doubled is an
 * error, as is silence for 30 seconds.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM "crowd"
#include "program.h"

enum { BUFFER = 1 << 16, LONGEST_US = 10000000, DIGITS = 19, PATIENCE_MS = 30000 };

struct connection {
    int fd;
    int held; /* bytes of an unfinished frame */
    long got; /* texts from the sender */
    unsigned char data[BUFFER];
};

static unsigned histogram[LONGEST_US + 1];
static long deliveries, head_length;
static const char *head;

static void send_all(int fd, const void *data, size_t length) {
    for (const char *at = data; length;) {
        ssize_t count = send(fd, at, length, MSG_NOSIGNAL);
        if (count < 0) fail("send");
        at += count;
        length -= (size_t)count;
    }
}

/* Send a text; its mask of zeros leaves it as it is. */
static void send_text(int fd, const char *text) {
    unsigned char frame[8 + 65536] = {0x81};
    size_t length = strlen(text), header = length < 126 ? 2 : 4;
    if (length > 65535) fail("text too long");
    frame[1] = (unsigned char)(0x80 | (length < 126 ? length : 126));
    if (header == 4) frame[2] = (unsigned char)(length >> 8), frame[3] = (unsigned char)length;
    memcpy(frame + header + 4, text, length);
    send_all(fd, frame, header + 4 + length);
}

static void open_connection(struct connection *connection, int port, const char *path) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((unsigned short)port)};
    char request[4096], answer[4096];
    int fd = connection->fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, got = 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          path);
    send_all(fd, request, (size_t)length);
    while (got < 4 || memcmp(answer + got - 4, "\r\n\r\n", 4)) {
        if (got == sizeof answer || recv(fd, answer + got, 1, 0) != 1) fail("no answer");
        got++;
    }
    if (memcmp(answer, "HTTP/1.1 101", 12)) fail("refused");
}

/* Note a text of the sender's; ours are found by HEAD's end, which stands before the time. */
static void note(struct connection *connection, const unsigned char *text, size_t length) {
    static const char mark[] = "\"t\":\"";
    const char *found = memmem(text, length, mark, sizeof mark - 1);
    if (!found) return;
    int64_t sent_ns = strtoll(found + sizeof mark - 1, NULL, 10);
    int64_t took_us = (now_ns() - sent_ns) / 1000;
    histogram[took_us > LONGEST_US ? LONGEST_US : took_us]++;
    connection->got++;
    deliveries++;
}

/* Read what has come; gives how many frames were complete. */
static int take(struct connection *connection) {
    ssize_t count = recv(connection->fd, connection->data + connection->held,
                         (size_t)(BUFFER - connection->held), 0);
    if (count <= 0) fail("connection lost");
    int end = connection->held + (int)count, at = 0, frames = 0;
    for (;;) {
        const unsigned char *frame = connection->data + at;
        int left = end - at, header = 2;
        if (left < 2) break;
        int length = frame[1] & 127;
        if (length == 127) fail("frame too long");
        if (length == 126) {
            if (left < 4) break;
            length = frame[2] << 8 | frame[3];
            header = 4;
        }
        if (left < header + length) break;
        note(connection, frame + header, (size_t)length);
        at += header + length;
        frames++;
    }
    memmove(connection->data, connection->data + at, (size_t)(end - at));
    connection->held = end - at;
    return frames;
}

static long percentile(long count, double share) {
    long seen = 0;
    for (long us = 0; us <= LONGEST_US; us++)
        if ((seen += histogram[us]) >= share * (double)count) return us;
    return LONGEST_US;
}

int main(int argc, char **argv) {
    if (argc != 10) return 2;
    int port = atoi(argv[1]), receivers = atoi(argv[3]);
    const char *path = argv[2], *join = argv[4], *tail = argv[6];
    long count = atol(argv[7]), window = atol(argv[8]);
    double rate = atof(argv[9]);
    head = argv[5];
    head_length = (long)strlen(head);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    struct connection *crowd = calloc((size_t)receivers + 1, sizeof *crowd);
    int poller = epoll_create1(0);
    for (int i = 0; i <= receivers; i++) {
        open_connection(&crowd[i], port, path);
        if (*join) {
            send_text(crowd[i].fd, join);
            while (!take(&crowd[i])) continue;
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &crowd[i]};
        if (i < receivers && epoll_ctl(poller, EPOLL_CTL_ADD, crowd[i].fd, &event)) fail("epoll");
    }
    printf("ready\n");
    fflush(stdout);

    char *text = malloc((size_t)head_length + DIGITS + strlen(tail) + 1);
    int64_t begin_ns = now_ns();
    for (long sent = 0; deliveries < count * receivers;) {
        int wait_ms = PATIENCE_MS;
        while (sent < count) {
            int64_t due_ns = rate > 0 ? begin_ns + (int64_t)((double)sent / rate * 1e9) : 0;
            if (rate > 0 ? now_ns() < due_ns : sent * receivers - deliveries >= window * receivers) {
                if (rate > 0) wait_ms = (int)((due_ns - now_ns()) / 1000000) + 1;
                break;
            }
            sprintf(text, "%s%019lld%s", head, (long long)now_ns(), tail);
            send_text(crowd[receivers].fd, text);
            sent++;
        }
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, wait_ms);
        if (!ready && wait_ms == PATIENCE_MS) errno = ETIMEDOUT, fail("nothing comes");
        for (int i = 0; i < ready; i++) take(events[i].data.ptr);
    }
    int64_t end_ns = now_ns();
    for (int i = 0; i < receivers; i++)
        if (crowd[i].got != count) errno = EPROTO, fail("a message is missing or doubled");
    printf("%.6f %ld %ld\n", (double)(end_ns - begin_ns) / 1e9, percentile(deliveries, 0.5),
           percentile(deliveries, 0.99));
    return 0;
}
