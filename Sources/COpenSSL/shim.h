#include <string.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
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
static inline EVP_PKEY *beckon_rsa_generate(size_t bits) { return EVP_RSA_gen(bits); }
static inline int beckon_bn_bytes(const BIGNUM *number) { return BN_num_bytes(number); }
// Variadic functions are not imported either.
static inline EVP_PKEY *beckon_ed25519_generate(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

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

// The alternative names of a certificate. The stack's functions are macros, and what a name is lies
// in a union. NULL when there are none; then `found` is -1 unless they cannot be read.
static inline void *beckon_x509_names(X509 *certificate, int *found) {
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, found, NULL);
}
static inline void beckon_names_free(void *names) { GENERAL_NAMES_free((GENERAL_NAMES *)names); }
static inline int beckon_names_count(const void *names) {
    return sk_GENERAL_NAME_num((const GENERAL_NAMES *)names);
}
// The kind of a name and its bytes; -1 for a kind that is not text or an address.
static inline int beckon_names_get(
    const void *names, int index, const unsigned char **bytes, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value((const GENERAL_NAMES *)names, index);
    const ASN1_STRING *text;
    switch (name->type) {
    case GEN_DNS: case GEN_URI: case GEN_EMAIL: text = name->d.ia5; break;
    case GEN_IPADD: text = name->d.ip; break;
    default: return -1;
    }
    *bytes = ASN1_STRING_get0_data(text);
    *count = ASN1_STRING_length(text);
    return name->type;
}

// The groups of Mozilla's intermediate profile, with the hybrid one where this OpenSSL has it.
static inline int beckon_ssl_set_groups(SSL_CTX *context) {
    if (SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519:P-256:P-384") == 1) return 1;
    ERR_clear_error();
    return (int)SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
}
// No resumption, with which a certificate would not be judged again.
static inline void beckon_ssl_disable_tickets(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}
// Adds the revocation lists of a PEM file, and has each peer's certificate checked against them.
static inline int beckon_ssl_load_revocations(SSL_CTX *context, const char *path) {
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1) return 0;
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

// Accepts a certificate that no known authority has issued: its key is proven by the handshake, and
// the result of the verification says that nothing else is. Everything else that is wrong with it
// still fails. Revocation lists can only be missing for authorities that are not known.
static inline int beckon_accept_unknown_issuer(int ok, X509_STORE_CTX *context) {
    if (ok) return 1;
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return 1;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return X509_STORE_CTX_get_num_untrusted(context)
            == sk_X509_num(X509_STORE_CTX_get0_chain(context));
    default: return 0;
    }
}
static inline void beckon_ssl_accept_unknown_issuers(SSL_CTX *context) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, beckon_accept_unknown_issuer);
}

// The chain of a verification that has succeeded.
static inline int beckon_chain_count(X509_STORE_CTX *context) {
    return sk_X509_num(X509_STORE_CTX_get0_chain(context));
}
static inline X509 *beckon_chain_certificate(X509_STORE_CTX *context, int index) {
    return sk_X509_value(X509_STORE_CTX_get0_chain(context), index);
}

// Whether reading one PEM block after another ended because there were no more.
static inline int beckon_err_is_pem_end(unsigned long code) {
    return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

// Whether two byte strings of one length are equal, in a time that depends on the length only. As
// CRYPTO_memcmp, but eight bytes at a time: it compares a credential for each call that comes in. The
// barrier hides the difference from the compiler, so that it cannot leave early.
static inline int beckon_equal(const unsigned char *left, const unsigned char *right, size_t count) {
    unsigned long long difference = 0, a, b;
    while (count >= sizeof a) {
        memcpy(&a, left, sizeof a);
        memcpy(&b, right, sizeof b);
        difference |= a ^ b;
        __asm__ volatile("" : "+r"(difference));
        left += sizeof a;
        right += sizeof b;
        count -= sizeof a;
    }
    while (count-- > 0) {
        difference |= (unsigned long long)(*left++ ^ *right++);
        __asm__ volatile("" : "+r"(difference));
    }
    return difference == 0;
}

// SHA-256 over two parts. The low-level functions, deprecated in favour of EVP, keep their state on the
// stack and cannot fail; EVP would allocate one for each call that comes in.
static inline void beckon_sha256(
    const void *head, size_t head_length, const void *tail, size_t tail_length,
    unsigned char *digest) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, head, head_length);
    SHA256_Update(&context, tail, tail_length);
    SHA256_Final(digest, &context);
#pragma GCC diagnostic pop
    OPENSSL_cleanse(&context, sizeof context);
}

// Compares it in constant time.
static inline int beckon_sha256_matches(
    const void *head, size_t head_length, const void *tail, size_t tail_length,
    const void *expected) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    beckon_sha256(head, head_length, tail, tail_length, digest);
    return CRYPTO_memcmp(digest, expected, sizeof digest) == 0;
}

// Public keys of P-256, and signatures of ECDSA by them. The low-level functions, deprecated in favour
// of EVP, which needs a third of a verification to make a key and to begin its first one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static inline EC_GROUP *beckon_p256_group(void) {
    return EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}
// An uncompressed point, 65 bytes. NULL if it is not on the curve.
static inline EC_KEY *beckon_p256_key(const EC_GROUP *group, const unsigned char *bytes) {
    EC_KEY *key = EC_KEY_new();
    EC_POINT *point = EC_POINT_new(group);
    int is_made = key && point && EC_KEY_set_group(key, group) == 1
        && EC_POINT_oct2point(group, point, bytes, 65, NULL) == 1
        && EC_KEY_set_public_key(key, point) == 1;
    EC_POINT_free(point);
    if (is_made) return key;
    EC_KEY_free(key);
    return NULL;
}
static inline void beckon_p256_free(EC_KEY *key) { EC_KEY_free(key); }
// Whether R and S, 32 bytes each, are a signature over a digest of 32 bytes.
static inline int beckon_p256_verify(
    EC_KEY *key, const unsigned char *signature, const unsigned char *digest) {
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    if (!numbers || !r || !s || ECDSA_SIG_set0(numbers, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(numbers);
        return 0;
    }
    int is_right = ECDSA_do_verify(digest, 32, numbers, key) == 1;
    ECDSA_SIG_free(numbers);
    return is_right;
}
#pragma GCC diagnostic pop
