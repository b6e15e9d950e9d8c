#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Function-like macros are not imported into Swift.
static inline long beckon_ssl_set_min_proto(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}
static inline long beckon_ssl_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}
static inline long beckon_ssl_set_read_ahead(SSL_CTX *context, int on) {
    return SSL_CTX_set_read_ahead(context, on);
}
static inline EVP_PKEY *beckon_ec_generate(const char *curve) { return EVP_EC_gen(curve); }

// Session tickets only: a session cache would grow with the number of peers.
static inline void beckon_ssl_disable_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
// The option names are function-like macros in OpenSSL 3. Renegotiation is a way to burn our CPU,
// compression leaks secrets by length; an end of stream without notice is harmless where every
// message has a length.
static inline void beckon_ssl_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}
static inline long beckon_ssl_set_host_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}
// XN_FLAG_RFC2253 with UTF-8 left readable is what RFC 4514 asks for.
static inline unsigned long beckon_x509_name_flags(void) {
    return XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
}
static inline long beckon_bio_memory(BIO *bio, char **bytes) {
    return BIO_get_mem_data(bio, bytes);
}
static inline long beckon_ssl_set_max_proto(SSL_CTX *context, int version) {
    return SSL_CTX_set_max_proto_version(context, version);
}
