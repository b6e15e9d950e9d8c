#include <curl/curl.h>

// curl_easy_setopt and its like are variadic, which Swift does not import.
static inline CURLcode beckon_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode beckon_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
