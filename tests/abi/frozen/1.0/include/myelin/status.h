/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How things fail. A [control] function answers 0 for success or one of the codes below, and says why in the buffer
 * that its caller handed in. On the way of a call there are no errors, only verdicts and gRPC status codes.
 */
#ifndef MYELIN_STATUS_H
#define MYELIN_STATUS_H

#include <myelin/types.h>

#define MYELIN_OK 0
#define MYELIN_ERROR_INVALID (-1)   /* an argument or option is wrong */
#define MYELIN_ERROR_NOT_FOUND (-2) /* no such option, node or file */
#define MYELIN_ERROR_TYPE (-3)      /* it is there, but of another type */
#define MYELIN_ERROR_NO_MEMORY (-4)
#define MYELIN_ERROR_UNSUPPORTED (-5) /* this host or plugin cannot do that */
#define MYELIN_ERROR_INTERNAL (-6)    /* anything else; an exception, say */
#define MYELIN_ERROR_NO_SPACE (-7)    /* the caller's buffer is too small */

/* The caller's buffer for a sentence that says what went wrong. */
typedef struct myelin_error {
  uint32_t struct_size;
  uint32_t reserved;
  char* message;     /* the caller's memory */
  uint64_t capacity; /* its size in bytes */
  uint64_t size;     /* out: bytes written; no NUL is needed */
} myelin_error;

/* gRPC status codes (github.com/grpc/grpc, doc/statuscodes.md). */
#define MYELIN_GRPC_OK 0u
#define MYELIN_GRPC_CANCELLED 1u
#define MYELIN_GRPC_UNKNOWN 2u
#define MYELIN_GRPC_INVALID_ARGUMENT 3u
#define MYELIN_GRPC_DEADLINE_EXCEEDED 4u
#define MYELIN_GRPC_NOT_FOUND 5u
#define MYELIN_GRPC_ALREADY_EXISTS 6u
#define MYELIN_GRPC_PERMISSION_DENIED 7u
#define MYELIN_GRPC_RESOURCE_EXHAUSTED 8u
#define MYELIN_GRPC_FAILED_PRECONDITION 9u
#define MYELIN_GRPC_ABORTED 10u
#define MYELIN_GRPC_OUT_OF_RANGE 11u
#define MYELIN_GRPC_UNIMPLEMENTED 12u
#define MYELIN_GRPC_INTERNAL 13u
#define MYELIN_GRPC_UNAVAILABLE 14u
#define MYELIN_GRPC_DATA_LOSS 15u
#define MYELIN_GRPC_UNAUTHENTICATED 16u

#endif
