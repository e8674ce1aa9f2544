/* The floor that fan-out is compared with: nothing but send() on many sockets. */
#include <stddef.h>
#include <sys/socket.h>

/* Send the same bytes to all; gives to how many sockets they did not go, or not all of them. */
int send_to_all(const int *sockets, int count, const char *data, size_t length) {
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed += send(sockets[i], data, length, MSG_NOSIGNAL) != (ssize_t)length;
    return failed;
}
