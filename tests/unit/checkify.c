/* Checks from C: what a failed one says where nobody made a value of it. */
#include "numpy/checkify.h"

#include <cotan.h>

#include "test.h"

TEST(a_check_that_fails_is_an_error)
{
    checkify_report = NULL;
    CHECK(checkify_check(7, ct_weak_bool(true), 0, NULL));
    CHECK_FAILS((void)!checkify_check(7, ct_weak_bool(false), 0, NULL), CT_RUNTIME_ERROR,
                "check 7 failed");
    CHECK(!checkify_text(7));
}
