#include "start.h"

#include <openssl/crypto.h>

// At exit OpenSSL would free what threads that have not ended yet still use. The first call decides
// whether it does, so this one is made before main.
__attribute__((constructor)) static void beckon_keep_openssl_until_the_end(void) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
