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
