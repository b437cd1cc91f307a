/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between compiled models and the runtime: the tables that the
 * compiler writes into an artifact and that the runtime walks to execute it.
 *
 * This header is standalone C11 and is versioned as if it were a file format:
 * a field is only ever added at the end of a struct, and DLC_ABI_VERSION grows
 * when an old runtime could misread a new artifact. The compiler writes the
 * tables as data (codegen/artifact); nothing here is ever modified at run time.
 */
#ifndef DLC_ABI_H
#define DLC_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The format of models whose shapes are fixed. They may end before num_dims. */
#define DLC_ABI_VERSION 2u
/* The format of models with dims, which older runtimes can't run. They may end
 * before cuda. */
#define DLC_ABI_VERSION_DIMS 3u
/* The format of models that count while they run, which older ones can't. */
#define DLC_ABI_VERSION_COUNTS 4u
/* The format of models whose kernels have other phases on CUDA devices than on
 * CPUs, which older ones would leave out. They may end before num_counts. */
#define DLC_ABI_VERSION_PHASES 5u
/* "dlcmodel" read as a little-endian integer. */
#define DLC_ABI_MAGIC UINT64_C(0x6c65646f6d636c64)
/* The input that a model's random numbers depend on: one int64. */
#define DLC_SEED_INPUT "random_seed"

/* Where the bytes of a buffer live. */
enum dlc_abi_space {
  DLC_SPACE_ARENA = 0,   /* offset into the session's arena */
  DLC_SPACE_WEIGHTS = 1, /* offset into the artifact's weights section */
  DLC_SPACE_INPUT = 2,   /* offset into the tensor bound to input `index` */
  DLC_SPACE_OUTPUT = 3,  /* offset into the tensor bound to output `index` */
  DLC_SPACE_STATE = 4,   /* offset into the session's state section */
  DLC_SPACE_DIMS = 5     /* offset into the sizes of the dims, int64 each */
};

/* One operand of a step. Offsets are in bytes. */
typedef struct dlc_abi_ref {
  uint32_t space; /* enum dlc_abi_space */
  uint32_t index; /* which input or output; 0 otherwise */
  uint64_t offset;
} dlc_abi_ref;

/*
 * A compiled kernel: runs the tasks [begin, end) of a launch.
 * `buffers` holds one pointer per operand, `scratch` is this thread's own
 * scratch memory (dlc_abi_model.scratch_bytes_per_thread bytes, 64-byte
 * aligned). Tasks of one phase are independent of each other and may run in any
 * order on any thread; all of a phase are done before the next one's begin.
 * One call may cover several phases: it runs them in order.
 */
typedef void (*dlc_abi_kernel_fn)(void *const *buffers, int64_t begin,
                                  int64_t end, void *scratch);

/* The code of one kernel for one target. */
typedef struct dlc_abi_kernel_variant {
  dlc_abi_kernel_fn function;
  int64_t num_tasks; /* phase p of a launch covers [p, p + 1) * num_tasks */
} dlc_abi_kernel_variant;

typedef struct dlc_abi_kernel {
  const char *name;
  /* num_targets entries, in the order of dlc_abi_model.targets; NULL without
   * targets. */
  const dlc_abi_kernel_variant *variants;
} dlc_abi_kernel;

/* One launch. Steps run in order; each starts when the one before it ended, but
 * on a device that runs several queues: see dlc_abi_cuda.waits. */
typedef struct dlc_abi_step {
  uint32_t kernel;    /* index into kernels */
  uint32_t device;    /* 0: the host CPU */
  uint32_t queue;     /* of the device */
  uint32_t num_refs;  /* operands */
  uint64_t first_ref; /* index of the first operand in refs */
  uint64_t flops;     /* floating-point operations of the launch */
  uint64_t cost_ns;   /* estimated single-thread time, to decide on threads */
  const char *nodes;  /* the model's operators it computes, ", "-separated */
} dlc_abi_step;

/* Element types use DLPack's codes (DLDataTypeCode) and bit counts. */
typedef struct dlc_abi_tensor {
  const char *name;
  uint8_t dtype_code;
  uint8_t dtype_bits;
  uint16_t dtype_lanes; /* 1 */
  uint32_t rank;
  const int64_t *shape; /* rank extents; -1 for one that depends on dims */
  uint64_t size_bytes;  /* row-major, dense; 0 where it depends on dims */
} dlc_abi_tensor;

/* A size that the caller chooses by the shapes of the tensors bound. */
typedef struct dlc_abi_dim {
  const char *name;
  int64_t min, max; /* INT64_MAX: no bound */
  int64_t multiple; /* every size is one of this */
  int64_t typical;  /* for which the fixed tables hold */
} dlc_abi_dim;

/*
 * Where a dim gets its size that the model counts: before step `step` runs,
 * from the int64 that ref `ref` refers to. It has to be at least the dim's
 * `min`, and is at most the size `most` - 1, which depends on dims that callers
 * choose, or the dim's `max` where `most` is 0.
 */
typedef struct dlc_abi_count {
  uint64_t step; /* num_steps: behind the last one */
  uint64_t ref;  /* one behind those of the steps */
  uint32_t dim;
  uint32_t most;
} dlc_abi_count;

/* How a size follows from others; division rounds as its name says. */
enum dlc_abi_size_op {
  DLC_SIZE_CONSTANT = 0, /* b */
  DLC_SIZE_DIM = 1,      /* dim b */
  /* Of the sizes a and b, which come earlier in the table: */
  DLC_SIZE_ADD = 2,
  DLC_SIZE_MUL = 3,
  DLC_SIZE_FLOORDIV = 4,
  DLC_SIZE_CEILDIV = 5,
  DLC_SIZE_MOD = 6, /* not negative */
  DLC_SIZE_MAX = 7,
  DLC_SIZE_ALIGN = 8 /* a rounded up to a multiple of b */
};

/*
 * A number that depends on dims. The runtime computes the table in order, once
 * for each change of dims. A size that exceeds int64, or divides by less than
 * one, makes the dims invalid.
 */
typedef struct dlc_abi_size {
  uint32_t op; /* enum dlc_abi_size_op */
  uint32_t a;
  int64_t b;
} dlc_abi_size;

/* What `op` makes of two sizes; 0 where it can't be computed. */
__attribute__((unused)) static inline int
dlc_abi_combine_sizes(uint32_t op, int64_t a, int64_t b, int64_t *result) {
  if (op == DLC_SIZE_ADD)
    return !__builtin_add_overflow(a, b, result);
  if (op == DLC_SIZE_MUL)
    return !__builtin_mul_overflow(a, b, result);
  *result = a > b ? a : b;
  if (op == DLC_SIZE_MAX || b < 1)
    return op == DLC_SIZE_MAX;
  *result = a / b + (a % b > 0);
  switch (op) {
  case DLC_SIZE_ALIGN:
    return !__builtin_mul_overflow(*result, b, result);
  case DLC_SIZE_CEILDIV:
    return 1;
  case DLC_SIZE_FLOORDIV:
    *result = a / b - (a % b < 0);
    return 1;
  case DLC_SIZE_MOD:
    *result = a % b < 0 ? a % b + b : a % b;
    return 1;
  }
  return 0;
}

/* Computes the `count` sizes of a table for the sizes `dims` of the dims; 0
 * where one can't be computed. */
__attribute__((unused)) static inline int
dlc_abi_compute_sizes(const dlc_abi_size *sizes, uint32_t count,
                      const int64_t *dims, int64_t *values) {
  for (uint32_t i = 0; i < count; ++i) {
    const dlc_abi_size *size = &sizes[i];
    if (size->op == DLC_SIZE_CONSTANT)
      values[i] = size->b;
    else if (size->op == DLC_SIZE_DIM)
      values[i] = dims[size->b];
    else if (!dlc_abi_combine_sizes(size->op, values[size->a], values[size->b],
                                    &values[i]))
      return 0;
  }
  return 1;
}

/*
 * CPU features a target needs. The runtime compares them with cpuid on x86-64
 * and with AT_HWCAP on AArch64, where NEON needs no bit.
 */
enum dlc_abi_cpu_feature {
  DLC_CPU_X86_64_V2 = 1u << 0,
  DLC_CPU_X86_64_V3 = 1u << 1, /* AVX2, FMA, BMI, F16C, and the OS saves ymm */
  DLC_CPU_X86_64_V4 = 1u << 2, /* AVX-512 F/BW/CD/DQ/VL, the OS saves zmm */
  DLC_CPU_AVX512_VNNI = 1u << 3,
  DLC_CPU_AVX512_BF16 = 1u << 4,
  DLC_CPU_AVX512_FP16 = 1u << 5,
  DLC_CPU_AVX512_VBMI = 1u << 6,
  DLC_CPU_AVX_VNNI = 1u << 7,
  DLC_CPU_GFNI = 1u << 8,
  DLC_CPU_AVX512_VBMI2 = 1u << 9,
  DLC_CPU_AVX512_BITALG = 1u << 10,
  DLC_CPU_AVX512_VPOPCNTDQ = 1u << 11,

  DLC_CPU_AARCH64_LSE = 1u << 16,
  DLC_CPU_AARCH64_RDM = 1u << 17,
  DLC_CPU_AARCH64_FP16 = 1u << 18,
  DLC_CPU_AARCH64_DOTPROD = 1u << 19,
  DLC_CPU_AARCH64_FHM = 1u << 20,
  DLC_CPU_AARCH64_FCMA = 1u << 21,
  DLC_CPU_AARCH64_JSCVT = 1u << 22,
  DLC_CPU_AARCH64_FLAGM = 1u << 23,
  DLC_CPU_AARCH64_FLAGM2 = 1u << 24,
  DLC_CPU_AARCH64_FRINT = 1u << 25,
  DLC_CPU_AARCH64_SHA3 = 1u << 26,
  DLC_CPU_AARCH64_I8MM = 1u << 27,
  DLC_CPU_AARCH64_BF16 = 1u << 28
};

typedef struct dlc_abi_target {
  const char *name;  /* as given to --cpu, e.g. "x86-64-v3" */
  uint64_t features; /* every bit of enum dlc_abi_cpu_feature it needs */
} dlc_abi_target;

/*
 * Code for CUDA devices.
 *
 * The parameters of an entry point are one 64-bit device pointer for each
 * operand of the step, the pointer to the launch's scratch memory, and the
 * phase, a uint32. A step is launched once for each of its kernel's phases, one
 * after the other.
 */
enum dlc_abi_cuda_image_kind { DLC_CUDA_PTX = 0, DLC_CUDA_CUBIN = 1 };

/* A module that has all entry points. */
typedef struct dlc_abi_cuda_image {
  uint32_t kind; /* enum dlc_abi_cuda_image_kind */
  /* 80: PTX for compute capability 8.0 and every newer one; a cubin for 8.0 and
   * newer ones of the same major version. */
  uint32_t sm;
  const void *data; /* PTX is text that ends with a zero */
  uint64_t bytes;   /* of a text with its zero */
} dlc_abi_cuda_image;

/* How a kernel is launched. Blocks and grids have one dimension. */
typedef struct dlc_abi_cuda_kernel {
  const char *name;       /* of its entry point in every image */
  uint32_t threads;       /* of a block */
  uint32_t shared_bytes;  /* dynamic shared memory of a block */
  uint64_t blocks;        /* of a launch; 0: there is nothing to do */
  uint64_t scratch_bytes; /* of global memory for a launch, aligned to 256 */
} dlc_abi_cuda_kernel;

/* What factors are rounded to before they are multiplied. */
enum dlc_abi_gemm_compute {
  DLC_GEMM_FLOAT32 = 0, /* all elements are f32 */
  DLC_GEMM_TF32 = 1,
  DLC_GEMM_FLOAT16 = 2,
  DLC_GEMM_BFLOAT16 = 3,
  DLC_GEMM_FLOAT64 = 4 /* all elements are f64 */
};

enum dlc_abi_gemm_flag {
  DLC_GEMM_RELU = 1u << 0,
  /* Without the library the model doesn't run on CUDA devices; else the
   * kernel's own code does where there is none. */
  DLC_GEMM_REQUIRED = 1u << 1
};

/* The number of an operand that isn't there. */
#define DLC_GEMM_NONE UINT32_MAX

/* A matrix in column-major order: columns begin `leading` elements apart, the
 * matrices of a batch `stride` elements (0: all are one). */
typedef struct dlc_abi_cuda_matrix {
  uint32_t operand;    /* of the step, or DLC_GEMM_NONE */
  uint32_t transposed; /* it has the columns for rows */
  int64_t leading;
  int64_t stride;
} dlc_abi_cuda_matrix;

/*
 * A kernel whose launches the library cublasLt may compute, `batch` products of
 *
 *     d = activation(alpha * a b + beta * c + bias)
 *
 * where a has m rows and k columns, b k rows and n columns, c and d m rows and
 * n columns, and the bias one element for each row; the activation is max(x, 0)
 * with DLC_GEMM_RELU, else none. c and d aren't transposed; they may be one
 * buffer.
 */
typedef struct dlc_abi_cuda_gemm {
  uint32_t kernel;    /* index into kernels */
  uint32_t compute;   /* enum dlc_abi_gemm_compute */
  uint32_t flags;     /* enum dlc_abi_gemm_flag */
  uint32_t alignment; /* bytes that each operand begins at a multiple of */
  uint32_t batch;
  uint32_t bias; /* an operand of the step, or DLC_GEMM_NONE */
  uint64_t m, n, k;
  dlc_abi_cuda_matrix a, b, c, d; /* c: maybe none */
  double alpha, beta;             /* of the elements' type, rounded to it */
  uint64_t workspace_bytes;       /* device memory that it may use, at most */
} dlc_abi_cuda_gemm;

/* A step that begins when `after`, a step before it on another queue, has
 * ended. */
typedef struct dlc_abi_cuda_wait {
  uint64_t step, after;
} dlc_abi_cuda_wait;

/* A table may end before num_gemms, before kernel_phases and before
 * num_waits. */
typedef struct dlc_abi_cuda {
  uint32_t struct_size; /* sizeof(dlc_abi_cuda) at the time of writing */
  uint32_t num_images;  /* 0 in a specialised model: the general one's */
  const dlc_abi_cuda_image *images;
  const dlc_abi_cuda_kernel *kernels; /* num_kernels of the model */
  /* num_kernels entries each, as the tables of models with dims. */
  const uint32_t *kernel_blocks, *kernel_scratch;

  uint32_t num_gemms, reserved;
  const dlc_abi_cuda_gemm *gemms; /* at most one for each kernel */

  /* num_kernels numbers of launches that stand in for the model's
   * kernel_phases; 0: the model's number holds. NULL where all are 0. */
  const int64_t *kernel_phases;

  /* The steps of a queue run in order; those of different queues may run at
   * once where nothing says that one waits for the other, itself or through
   * others. By rising `step`. */
  uint64_t num_waits;
  const dlc_abi_cuda_wait *waits;
} dlc_abi_cuda;

/* A reference tensor embedded by --embed-test: data of input or output i. */
typedef struct dlc_abi_test_tensor {
  const void *data; /* size_bytes of the tensor; NULL: not part of the test */
} dlc_abi_test_tensor;

/*
 * A whole model. Targets are ordered from least to most demanding; the last
 * one whose features the CPU has is used. A model for CUDA devices only has
 * none.
 */
typedef struct dlc_abi_model {
  uint64_t magic;       /* DLC_ABI_MAGIC */
  uint32_t abi_version; /* DLC_ABI_VERSION */
  uint32_t struct_size; /* sizeof(dlc_abi_model) at the time of writing */
  const char *name;
  const char *compiler; /* "dlc 0.1.0" */

  uint32_t num_inputs, num_outputs;
  const dlc_abi_tensor *inputs;
  const dlc_abi_tensor *outputs;

  uint32_t num_targets, num_kernels;
  const dlc_abi_target *targets;
  const dlc_abi_kernel *kernels;

  uint64_t num_steps, num_refs;
  const dlc_abi_step *steps;
  const dlc_abi_ref *refs;

  const void *weights; /* page-aligned; NULL where weights_bytes is 0 */
  uint64_t weights_bytes;
  uint64_t arena_bytes; /* the arena is aligned to arena_alignment */
  uint64_t arena_alignment;
  uint64_t arena_lower_bound_bytes;
  uint64_t scratch_bytes_per_thread;
  uint64_t state_bytes;
  uint64_t flops; /* of one run */

  /* The embedded self-test; both NULL where there is none. */
  const dlc_abi_test_tensor *test_inputs;
  const dlc_abi_test_tensor *test_outputs;
  double test_rtol, test_atol;

  /* num_kernels entries; NULL where every kernel has one phase. */
  const int64_t *kernel_phases;

  /*
   * Models with dims. The tables above hold at the typical sizes; those below
   * say which of their integers depend on dims: each entry is the index of a
   * size plus one, or 0 where the integer above holds always. A table without
   * such entries is NULL. Every step has the dims as its last operand.
   */
  uint32_t num_dims, num_sizes;
  const dlc_abi_dim *dims;
  const dlc_abi_size *sizes;
  /* For each extent of the inputs, one behind the other. Each dim is an extent
   * of some input. The texts say what an extent is, such as "N" or "N * 2";
   * NULL for one that is fixed. */
  const uint32_t *input_extents, *output_extents;
  const char *const *input_extent_texts;
  const char *const *output_extent_texts;
  const uint32_t *ref_offsets;         /* num_refs */
  const uint32_t *kernel_tasks;        /* num_kernels x num_targets */
  const uint32_t *kernel_phase_counts; /* num_kernels */
  const uint32_t *step_flops;          /* num_steps */
  uint32_t arena_number, scratch_number, flops_number;
  /* Models of the same inputs, outputs, targets and weights for fixed shapes.
   * One of them runs when its input shapes are those that are bound. */
  uint32_t num_specializations;
  const struct dlc_abi_model *const *specializations;
  /* The sizes of the embedded self-test; NULL: the typical ones. */
  const int64_t *test_dims;
  /* dlc_core_dims, so that it is linked in. */
  void (*core_dims)(void);

  const dlc_abi_cuda *cuda; /* NULL: no code for CUDA devices */
  /*
   * Models that count: the last num_counts dims are not the caller's. `counts`
   * has one entry for each, in the order of the steps. The places of buffers in
   * the arena, its size and that of scratch memory are for the most that can be
   * counted; everything else that depends on such a dim is for what it is, and
   * needed after its count only. output_counts says of each output how many of
   * `counts` have to be known for its shape; 0: none.
   */
  uint32_t num_counts, reserved;
  const dlc_abi_count *counts;
  const uint32_t *output_counts; /* num_outputs */
  /* dlc_core_counts, so that it is linked in. */
  void (*core_counts)(void);
} dlc_abi_model;

/*
 * Defined by the runtime; called by the function dlc_NAME_model_v1 of an object
 * made with --emit=obj. Returns the model's handle, or NULL where this runtime
 * is too old for it (dlc_last_error says so).
 */
const dlc_abi_model *dlc_core_model(const dlc_abi_model *model);

/* Defined by the runtime: comes with the part of it that models with dims need.
 * Does nothing. */
void dlc_core_dims(void);

/* Likewise of models that count. */
void dlc_core_counts(void);

#ifdef __cplusplus
}
#endif
#endif /* DLC_ABI_H */
