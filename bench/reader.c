/* Clients that do nothing but read.
 *
 * usage: reader PORT CONNECTIONS
 *
 * Opens CONNECTIONS WebSockets to 127.0.0.1, prints "ready" and reads until all are closed.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] =
    "GET /realtime/v1/websocket?apikey=bench&vsn=1.0.0 HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((unsigned short)atoi(argv[1]))};
    int connections = atoi(argv[2]), open_count = connections, poller = epoll_create1(0);
    static char data[1 << 18];
    for (int i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
        if (send(fd, request, sizeof request - 1, 0) < 0) fail("send");
        if (recv(fd, data, sizeof data, 0) < 12 || memcmp(data, "HTTP/1.1 101", 12)) fail("refused");
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
    }
    printf("ready\n");
    fflush(stdout);
    while (open_count > 0) {
        struct epoll_event events[256];
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++)
            if (recv(events[i].data.fd, data, sizeof data, 0) <= 0) {
                close(events[i].data.fd);
                open_count--;
            }
    }
    return 0;
}
