/* The floor that fan-out is compared with: nothing but send() on many sockets.
 *
 * usage: send_loop CONNECTIONS FRAME_BYTES FRAMES_PER_SEND SECONDS
 *
 * Listens on a free port of 127.0.0.1 and prints it. Accepts CONNECTIONS, each of which sends
 * a request first and gets an answer, then sends to all in turn and prints frames a second, and a second of CPU time.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int connections = atoi(argv[1]);
    size_t frames = (size_t)atoi(argv[3]), size = (size_t)atoi(argv[2]) * frames;
    double seconds = atof(argv[4]);
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 2048)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int *sockets = calloc((size_t)connections, sizeof *sockets);
    char *data = calloc(1, size), request[4096];
    if (!sockets || !data) fail("calloc");
    for (int i = 0; i < connections; i++) {
        sockets[i] = accept(listener, NULL, NULL);
        if (sockets[i] < 0) fail("accept");
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (recv(sockets[i], request, sizeof request, 0) <= 0) fail("recv");
        if (send(sockets[i], answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) fail("send");
    }
    double begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), elapsed;
    long sent = 0;
    do {
        for (int i = 0; i < connections; i++)
            if (send(sockets[i], data, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
        sent += connections * (long)frames;
        elapsed = now(CLOCK_MONOTONIC) - begin;
    } while (elapsed < seconds);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.0f %.0f\n", (double)sent / elapsed, (double)sent / cpu);
    return 0;
}
