#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <curl/curl.h>

// Loads libcurl. Null when it is there, else why it is not; to be called once, before all else here.
const char *beckon_curl_load(void);

// curl_easy_setopt and its like are variadic, which Swift does not import.
static inline CURLcode beckon_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode beckon_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode beckon_curl_set_blob(CURL *handle, CURLoption option, const void *bytes,
                                            size_t count) {
    struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}
static inline CURLcode beckon_curl_set_write(CURL *handle, CURLoption option,
                                             curl_write_callback function) {
    return curl_easy_setopt(handle, option, function);
}
static inline CURLcode beckon_curl_set_read(CURL *handle, curl_read_callback function) {
    return curl_easy_setopt(handle, CURLOPT_READFUNCTION, function);
}
static inline CURLcode beckon_curl_set_progress(CURL *handle, curl_xferinfo_callback function) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, function);
}
static inline CURLcode beckon_curl_set_open_socket(CURL *handle, curl_opensocket_callback function) {
    return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, function);
}
static inline CURLcode beckon_curl_set_prerequest(CURL *handle, curl_prereq_callback function) {
    return curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
}
static inline CURLcode beckon_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode beckon_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLMcode beckon_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}
static inline CURLMcode beckon_curl_multi_set_pointer(CURLM *handle, CURLMoption option,
                                                      const void *value) {
    return curl_multi_setopt(handle, option, value);
}
static inline CURLMcode beckon_curl_multi_set_socket(CURLM *handle, curl_socket_callback function) {
    return curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, function);
}
static inline CURLMcode beckon_curl_multi_set_timer(CURLM *handle, curl_multi_timer_callback function) {
    return curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, function);
}

// The result of a finished transfer stands in a union, of which Swift would have to guess the member.
static inline CURLcode beckon_curl_message_result(const CURLMsg *message) {
    return message->data.result;
}

// libcurl's `addr` is declared smaller than what stands there for IPv6, so Swift must not copy it.
static inline const struct sockaddr *beckon_curl_address(const struct curl_sockaddr *address) {
    return &address->addr;
}

// Close-on-exec from the start: a command that is started meanwhile must not inherit connections.
static inline curl_socket_t beckon_curl_open_socket(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
