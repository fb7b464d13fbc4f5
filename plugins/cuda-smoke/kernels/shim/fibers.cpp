// Fibers: the threads of a block, taking turns.
#include "fibers.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "device.h"

thread_local ShimIndex threadIdx, blockIdx, blockDim, gridDim;

#if defined(__x86_64__)
// Keeps the callee-saved registers on the old stack, and takes those of the new.
extern "C" void shim_switch(void** from, void* to);
asm(R"(
.text
.type shim_switch,@function
shim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size shim_switch, .-shim_switch
)");
struct Context {
  void* stack = nullptr;
};
static void change(Context& from, Context& to) { shim_switch(&from.stack, to.stack); }
static void prepare(Context& context, char* memory, size_t bytes, void (*entry)()) {
  auto top = (reinterpret_cast<uintptr_t>(memory) + bytes) & ~uintptr_t(15);
  auto words = reinterpret_cast<void**>(top) - 8;
  for (int i = 0; i < 8; i++) words[i] = nullptr;
  words[6] = reinterpret_cast<void*>(entry);
  context.stack = words;
}
#else
#include <ucontext.h>
struct Context {
  ucontext_t inner;
};
static void change(Context& from, Context& to) { swapcontext(&from.inner, &to.inner); }
static void prepare(Context& context, char* memory, size_t bytes, void (*entry)()) {
  getcontext(&context.inner);
  context.inner.uc_stack.ss_sp = memory;
  context.inner.uc_stack.ss_size = bytes;
  context.inner.uc_link = nullptr;
  makecontext(&context.inner, entry, 0);
}
#endif

namespace {

// Not a power of two: the stacks of a block would all want the same places in the caches.
constexpr size_t STACK = (64 << 10) + 9 * 64;
constexpr unsigned MOST = 1024;

// Who waits for how many others. A generation ends when all have come.
struct Barrier {
  unsigned arrived = 0, generation = 0;
};

struct Block {
  // Left as it comes: only what is used of it becomes memory.
  char* memory = nullptr;
  unsigned places = 0;
  std::vector<Context> fibers;
  std::vector<char> done;
  Context home;
  unsigned current = 0, size = 0, left = 0;
  // Turns taken since something last moved on.
  unsigned idle = 0;
  bool stuck = false;
  Barrier whole, warps[MOST / 32];
  uint32_t lanes[2][MOST];
  void (*kernel)(const void*) = nullptr;
  const void* arguments = nullptr;

  ~Block() { free(memory); }
};

// The block that this thread of the processor runs.
thread_local Block* here = nullptr;
thread_local std::unique_ptr<Block> owner;

void enter(unsigned index) {
  here->current = index;
  threadIdx = {index % blockDim.x, index / blockDim.x % blockDim.y,
               index / blockDim.x / blockDim.y};
}

// To the next that is not done; home if there is none, or nothing moves on any more.
//
// In reverse, those who wait for their warp only let the others of it have a turn: a warp
// then runs as far ahead of the others as barriers allow.
void next_turn(bool moved, bool of_warp = false) {
  unsigned me = here->current, next = me;
  here->idle = moved ? 0 : here->idle + 1;
  if (here->left == 0 || here->idle > 2 * here->size + 2) {
    here->stuck = here->left != 0;
    change(here->fibers[me], here->home);
    return;
  }
  do {
#ifdef PKG_SHIM_REVERSE
    unsigned first = of_warp ? me / 32 * 32 : 0;
    unsigned end = of_warp && first + 32 < here->size ? first + 32 : here->size;
    next = next == first ? end - 1 : next - 1;
#else
    (void)of_warp;
    next = next + 1 == here->size ? 0 : next + 1;
#endif
  } while (here->done[next]);
  if (next == me) return;
  enter(next);
  change(here->fibers[me], here->fibers[next]);
}

void trampoline() {
  here->kernel(here->arguments);
  here->done[here->current] = 1;
  here->left--;
  next_turn(true);
  __builtin_unreachable();
}

// Waits for the others; gives the generation that ended.
unsigned wait(Barrier& barrier, unsigned members, bool of_warp) {
  unsigned mine = barrier.generation;
  if (++barrier.arrived == members) {
    barrier.arrived = 0;
    barrier.generation++;
    here->idle = 0;
    return mine;
  }
  unsigned me = here->current;
  bool moved = true;
  while (barrier.generation == mine) {
    next_turn(moved, of_warp);
    moved = false;
    enter(me);
  }
  return mine;
}

bool run_block(void (*kernel)(const void*), const void* arguments) {
  unsigned size = blockDim.x * blockDim.y * blockDim.z;
  if (!here) {
    owner.reset(new Block);
    here = owner.get();
  }
  if (here->places < size) {
    free(here->memory);
    here->memory = static_cast<char*>(malloc(size * STACK));
    here->places = here->memory ? size : 0;
    if (!here->memory) return false;
    here->fibers.resize(size);
  }
  here->done.assign(size, 0);
  here->size = here->left = size;
  here->idle = 0;
  here->stuck = false;
  here->kernel = kernel;
  here->arguments = arguments;
  here->whole = {};
  for (auto& warp : here->warps) warp = {};
  for (unsigned i = 0; i < size; i++) {
    prepare(here->fibers[i], here->memory + i * STACK, STACK, trampoline);
  }
#ifdef PKG_SHIM_REVERSE
  unsigned first = size - 1;
#else
  unsigned first = 0;
#endif
  enter(first);
  change(here->home, here->fibers[first]);
  return !here->stuck;
}

}  // namespace

void __syncthreads() { wait(here->whole, here->size, false); }

uint32_t shim_exchange(uint32_t mine, unsigned mask) {
  unsigned me = here->current, warp = me / 32;
  unsigned members = here->size - warp * 32 < 32 ? here->size - warp * 32 : 32;
  // Nobody is more than one generation ahead: two sets are enough.
  auto lanes = here->lanes[here->warps[warp].generation & 1];
  lanes[me] = mine;
  wait(here->warps[warp], members, true);
  return lanes[me ^ mask];
}

bool shim_run(const ShimGrid& shape, void (*kernel)(const void*), const void* arguments) {
  uint64_t blocks = (uint64_t)shape.grid[0] * shape.grid[1] * shape.grid[2];
  std::atomic<uint64_t> next{0};
  std::atomic<bool> good{true};
  auto work = [&] {
    blockDim = {shape.block[0], shape.block[1], shape.block[2]};
    gridDim = {shape.grid[0], shape.grid[1], shape.grid[2]};
    for (uint64_t i; good && (i = next.fetch_add(4)) < blocks;) {
      for (uint64_t j = i; j < i + 4 && j < blocks; j++) {
        blockIdx = {(unsigned)(j % gridDim.x), (unsigned)(j / gridDim.x % gridDim.y),
                    (unsigned)(j / gridDim.x / gridDim.y)};
        if (!run_block(kernel, arguments)) good = false;
      }
    }
  };
  if (blocks < 64) {
    work();
  } else {
    std::thread other(work);
    work();
    other.join();
  }
  return good;
}
