// The shipped kernels, by name, for the processor.
#include <tuple>
#include <utility>

#include "kernels.h"

#include "device.h"

#include "../kernels.cu"

namespace {

// Arguments as the launch gives them: an array of pointers to each.
template <auto Kernel>
struct Kept;

template <class... Of, void (*Kernel)(Of...)>
struct Kept<Kernel> {
  template <size_t... I>
  static void call(void** from, std::index_sequence<I...>) {
    Kernel(*static_cast<std::remove_reference_t<Of>*>(from[I])...);
  }
  static void run(const void* from) {
    call(static_cast<void**>(const_cast<void*>(from)), std::index_sequence_for<Of...>{});
  }
  static constexpr size_t count = sizeof...(Of);
  static constexpr size_t sizes[] = {sizeof(Of)...};
};

template <auto Kernel>
constexpr ShimKernel entry(const char* name) {
  return {name, Kept<Kernel>::run, Kept<Kernel>::count, Kept<Kernel>::sizes};
}

#define ENTRY(name) entry<name>(#name)
#define ENTRIES(type) ENTRY(embed_##type), ENTRY(gemv_##type), ENTRY(gemm_##type)

const ShimKernel TABLE[] = {
    ENTRIES(f32),       ENTRIES(f16),        ENTRIES(bf16),      ENTRIES(q8_0),
    ENTRIES(q4_0),      ENTRIES(q4_1),       ENTRIES(q4_k),      ENTRIES(q6_k),
    ENTRY(rms_norm),    ENTRY(layer_norm),   ENTRY(rope_store),  ENTRY(attention),
    ENTRY(silu_mul),    ENTRY(gelu),         ENTRY(add_bias),    ENTRY(argmax_parts),
    ENTRY(argmax_whole), ENTRY(copy_probe),
};

}  // namespace

const ShimKernel* shim_find(const char* name) {
  for (const auto& kernel : TABLE) {
    if (!strcmp(kernel.name, name)) return &kernel;
  }
  return nullptr;
}
