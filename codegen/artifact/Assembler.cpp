// SPDX-License-Identifier: Apache-2.0
// The assembler: LLVM's machine code layer behind one function.
#include "codegen/artifact/Assembler.h"

#include "llvm/MC/MCAsmBackend.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCCodeEmitter.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCObjectFileInfo.h"
#include "llvm/MC/MCObjectWriter.h"
#include "llvm/MC/MCParser/MCAsmParser.h"
#include "llvm/MC/MCParser/MCTargetAsmParser.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCStreamer.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace llvm;

static void initializeAssemblers() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmParser();
  });
}

/// Appends a diagnostic of the parser to the std::string behind \p context.
static void collectDiagnostic(const SMDiagnostic &diagnostic, void *context) {
  raw_string_ostream os(*static_cast<std::string *>(context));
  diagnostic.print(/*ProgName=*/nullptr, os, /*ShowColors=*/false);
}

Expected<SmallVector<char, 0>>
dlc::artifact::assemble(StringRef text, StringRef tripleName, StringRef name) {
  initializeAssemblers();
  Triple triple(tripleName);
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError(message);

  SourceMgr sources;
  sources.setDiagHandler(collectDiagnostic, &message);
  sources.AddNewSourceBuffer(MemoryBuffer::getMemBufferCopy(text, name),
                             SMLoc());

  MCTargetOptions options;
  std::unique_ptr<MCRegisterInfo> registers(target->createMCRegInfo(triple));
  std::unique_ptr<MCAsmInfo> asmInfo(
      target->createMCAsmInfo(*registers, triple, options));
  // The assembler of x86 knows every extension as it is.
  std::unique_ptr<MCSubtargetInfo> subtarget(target->createMCSubtargetInfo(
      triple, /*CPU=*/"", triple.isAArch64() ? "+all" : ""));
  std::unique_ptr<MCInstrInfo> instructions(target->createMCInstrInfo());
  MCContext context(triple, asmInfo.get(), registers.get(), subtarget.get(),
                    &sources, &options);
  std::unique_ptr<MCObjectFileInfo> sections(
      target->createMCObjectFileInfo(context, /*PIC=*/true));
  context.setObjectFileInfo(sections.get());

  SmallVector<char, 0> object;
  raw_svector_ostream os(object);
  std::unique_ptr<MCAsmBackend> backend(
      target->createMCAsmBackend(*subtarget, *registers, options));
  std::unique_ptr<MCObjectWriter> writer = backend->createObjectWriter(os);
  std::unique_ptr<MCCodeEmitter> emitter(
      target->createMCCodeEmitter(*instructions, context));
  std::unique_ptr<MCStreamer> streamer(target->createMCObjectStreamer(
      triple, context, std::move(backend), std::move(writer),
      std::move(emitter), *subtarget));
  std::unique_ptr<MCAsmParser> parser(
      createMCAsmParser(sources, context, *streamer, *asmInfo));
  std::unique_ptr<MCTargetAsmParser> targetParser(
      target->createMCAsmParser(*subtarget, *parser, *instructions, options));
  if (!targetParser)
    return createStringError("no assembler for " + tripleName);
  parser->setTargetParser(*targetParser);

  bool failed = parser->Run(/*NoInitialTextSection=*/false);
  if (failed || context.hadError())
    return createStringError(message.empty() ? "cannot assemble " + name.str()
                                             : StringRef(message).rtrim());
  return object;
}
