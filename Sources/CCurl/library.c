// libcurl, loaded when it is first needed.
//
// The functions that are called stand here under their own names, and hand each call on. A
// distribution's libcurl brings some thirty libraries with it: LDAP, Kerberos, a second TLS. Linked,
// they would cost every start of the program 4 ms and every process 4.5 MB, also where nothing is
// ever sent.

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/socket.h>

// Else libcurl's own calls would come through here.
#pragma GCC visibility push(hidden)
#define CURL_DISABLE_TYPECHECK
#include "shim.h"
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define EACH(DO)                                                                                  \
    DO(curl_global_init) DO(curl_slist_append) DO(curl_slist_free_all)                            \
    DO(curl_easy_init) DO(curl_easy_cleanup) DO(curl_easy_reset) DO(curl_easy_strerror)           \
    DO(curl_easy_setopt) DO(curl_easy_getinfo) DO(curl_easy_perform)                                                    \
    DO(curl_multi_init) DO(curl_multi_cleanup) DO(curl_multi_setopt) DO(curl_multi_add_handle)    \
    DO(curl_multi_remove_handle) DO(curl_multi_socket_action) DO(curl_multi_info_read)            \
    DO(curl_url) DO(curl_url_cleanup) DO(curl_url_set) DO(curl_url_get) DO(curl_free)

#define MEMBER(name) __typeof__(&name) name;
static struct { EACH(MEMBER) } library;

const char *beckon_curl_load(void) {
    void *opened = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (!opened) return dlerror();
#define FIND(name)                                                                                \
    if (!(*(void **)&library.name = dlsym(opened, #name))) return dlerror();
    EACH(FIND)
    return NULL;
}

#define FORWARD(result, name, parameters, ...)                                                    \
    result name parameters { return library.name(__VA_ARGS__); }

FORWARD(CURLcode, curl_global_init, (long flags), flags)
FORWARD(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text),
        list, text)
FORWARD(void, curl_slist_free_all, (struct curl_slist *list), list)
FORWARD(CURL *, curl_easy_init, (void))
FORWARD(void, curl_easy_cleanup, (CURL *easy), easy)
FORWARD(void, curl_easy_reset, (CURL *easy), easy)
FORWARD(const char *, curl_easy_strerror, (CURLcode code), code)
FORWARD(CURLcode, curl_easy_perform, (CURL *easy), easy)
FORWARD(CURLM *, curl_multi_init, (void))
FORWARD(CURLMcode, curl_multi_cleanup, (CURLM *multi), multi)
FORWARD(CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), multi, easy)
FORWARD(CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), multi, easy)
FORWARD(CURLMcode, curl_multi_socket_action,
        (CURLM *multi, curl_socket_t socket, int events, int *running),
        multi, socket, events, running)
FORWARD(CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), multi, left)
FORWARD(CURLU *, curl_url, (void))
FORWARD(void, curl_url_cleanup, (CURLU *url), url)
FORWARD(CURLUcode, curl_url_set, (CURLU *url, CURLUPart part, const char *text, unsigned flags),
        url, part, text, flags)
// Newer versions promise to leave the URL as it is.
#if LIBCURL_VERSION_NUM >= 0x080000
#define READ_URL const CURLU *
#else
#define READ_URL CURLU *
#endif
FORWARD(CURLUcode, curl_url_get, (READ_URL url, CURLUPart part, char **text, unsigned flags),
        url, part, text, flags)
FORWARD(void, curl_free, (void *memory), memory)

// Each option has one value: a number of type long, or an address of the same size.
#define FORWARD_OPTION(result, name, handle, option)                                              \
    result name(handle pointer, option which, ...) {                                              \
        va_list values;                                                                           \
        va_start(values, which);                                                                  \
        void *value = va_arg(values, void *);                                                     \
        va_end(values);                                                                           \
        return library.name(pointer, which, value);                                               \
    }

_Static_assert(sizeof(long) == sizeof(void *), "a number and an address are handed on alike");
FORWARD_OPTION(CURLcode, curl_easy_setopt, CURL *, CURLoption)
FORWARD_OPTION(CURLcode, curl_easy_getinfo, CURL *, CURLINFO)
FORWARD_OPTION(CURLMcode, curl_multi_setopt, CURLM *, CURLMoption)
