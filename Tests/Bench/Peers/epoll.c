// epoll PORT THREADS: the least a C server must do to answer /user/verify: parse the fields, check
// Basic credentials by SHA-256 in constant time, look at the body, answer. A yardstick for `make bench`.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int fd, length;
    char bytes[8192];
} connection;

static const char yes[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"valid\":true}";
static const char no[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
static int port;
static unsigned char expected[32];
static EVP_MD *sha256;
static signed char values[256];

static int decode(const char *text, int count, unsigned char *out) {
    int value = 0, bits = 0, length = 0;
    for (int i = 0; i < count; i++) {
        int digit = values[(unsigned char)text[i]];
        if (digit < 0) break;
        value = value << 6 | digit;
        bits += 6;
        if (bits >= 8) out[length++] = value >> (bits -= 8) & 255;
    }
    return length;
}

static int authorized(const char *value, int count, EVP_MD_CTX *context) {
    unsigned char pair[256], digest[32];
    unsigned int length;
    if (!value || count <= 6 || count >= 256 || memcmp(value, "Basic ", 6)) return 0;
    int n = decode(value + 6, count - 6, pair);
    unsigned char *colon = memchr(pair, ':', n);
    if (!colon || colon - pair != 3 || memcmp(pair, "acp", 3)) return 0;
    EVP_DigestInit_ex(context, sha256, 0);
    EVP_DigestUpdate(context, colon + 1, pair + n - colon - 1);
    EVP_DigestFinal_ex(context, digest, &length);
    return !CRYPTO_memcmp(digest, expected, 32);
}

// Bytes of one whole request at `p`, or 0; `*answer` is what to send for it.
static int handle(char *p, int length, EVP_MD_CTX *context, const char **answer, int *count) {
    char *end = memmem(p, length, "\r\n\r\n", 4);
    if (!end) return 0;
    int head = end - p + 4, body = 0, credentials_length = 0;
    const char *credentials = 0;
    for (char *line = (char *)memchr(p, '\n', head) + 1; line < end;) {
        char *stop = memchr(line, '\r', end + 2 - line), *colon = memchr(line, ':', stop - line);
        char *value = colon + 1;
        while (*value == ' ') value++;
        if (colon - line == 14 && !strncasecmp(line, "Content-Length", 14)) body = atoi(value);
        if (colon - line == 13 && !strncasecmp(line, "Authorization", 13)) {
            credentials = value;
            credentials_length = stop - value;
        }
        line = stop + 2;
    }
    if (length < head + body) return 0;
    int good = authorized(credentials, credentials_length, context) &&
               memmem(p + head, body, "\"user_identifier\":\"customer-", 28);
    *answer = good ? yes : no;
    *count = (good ? sizeof yes : sizeof no) - 1;
    return head + body;
}

static void serve(connection *c, EVP_MD_CTX *context) {
    int received = recv(c->fd, c->bytes + c->length, sizeof c->bytes - c->length, 0);
    if (received <= 0) {
        if (received < 0 && errno == EAGAIN) return;
        close(c->fd);
        free(c);
        return;
    }
    c->length += received;
    int used = 0, step, count;
    const char *answer;
    while ((step = handle(c->bytes + used, c->length - used, context, &answer, &count))) {
        used += step;
        send(c->fd, answer, count, MSG_NOSIGNAL);
    }
    c->length -= used;
    memmove(c->bytes, c->bytes + used, c->length);
}

static void *loop(void *unused) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) exit(1);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) {
                serve(events[i].data.ptr, context);
                continue;
            }
            for (int fd; (fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0;) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                connection *c = malloc(sizeof *c);
                c->fd = fd;
                c->length = 0;
                event.events = EPOLLIN | EPOLLRDHUP;
                event.data.ptr = c;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
            }
        }
    }
    return unused;
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    port = atoi(arguments[1]);
    memset(values, -1, sizeof values);
    const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 64; i++) values[(int)alphabet[i]] = i;
    sha256 = EVP_MD_fetch(0, "SHA256", 0);
    SHA256((void *)"not-a-secret-but-long-enough", 28, expected);
    pthread_t threads[64];
    int wanted = atoi(arguments[2]);
    for (int i = 0; i < wanted && i < 64; i++) pthread_create(&threads[i], 0, loop, 0);
    pthread_join(threads[0], 0);
}
