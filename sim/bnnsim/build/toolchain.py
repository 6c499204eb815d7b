"""The C compilers: the pinned Clang of the ziglang package (default) and arm-none-eabi-gcc.

Both get the same flags for every ISA and variant. Functions are aligned to 16 bytes and loop heads to
8, because a hot loop at an address ≡ 2 (mod 4) can cost a third more on a core that fetches words.

Only files that compute with floats, and kernels that need an FPU, are compiled for one: elsewhere GCC would keep
integers in its registers. Floats are passed in core registers, so that all objects link with each other.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bnnsim.build.includes import with_includes
from bnnsim.cache import Cache, digest, write_atomically
from bnnsim.errors import ToolchainError, UsageError, nearest

COMMON_FLAGS = (
    "-std=gnu11", "-O2", "-g", "-ffreestanding", "-fomit-frame-pointer", "-ffunction-sections", "-fdata-sections",
    "-falign-functions=16", "-falign-loops=8", "-ffp-contract=off",
)  # fmt: skip
# The instructions that the FPUs of all cores have; a fused multiply-add would round once instead of twice.
FPU_FLAGS = ("-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16")
_FPU_CORES = ("cortex-m4", "cortex-m7", "cortex-m33")  # unless the target says +nofp
_NO_CODE = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NEEDS_FPU = re.compile(rb"\A\s*/\*[ \t]*---.*?^needs:[^\n]*\bfpu\b.*?---[ \t]*\*/", re.DOTALL | re.MULTILINE)
_WARNINGS = ("-Wall", "-Wextra", "-Werror=implicit-function-declaration")
_INSTALL = {
    "clang": "pip install 'ziglang==0.17.0'",
    "gcc": "apt install gcc-arm-none-eabi (Debian, Ubuntu) or brew install --cask gcc-arm-embedded (macOS)",
}
NAMES = tuple(_INSTALL)
# -mcpu name → the architecture in Clang's target triple; GCC derives it by itself.
_ARCHITECTURES = {
    "cortex-m0": "thumbv6m",
    "cortex-m0plus": "thumbv6m",
    "cortex-m3": "thumbv7m",
    "cortex-m4": "thumbv7em",
    "cortex-m7": "thumbv7em",
    "cortex-m33": "thumbv8m.main",
}
_THUMB1 = "thumbv6m"
_TIMEOUT_S = 120


@dataclass(frozen=True)
class Toolchain:
    """A compiler and linker for one core.

    name: clang or gcc; version: as the compiler prints it; flags: what every C file is compiled with;
    thumb2: whether the core has the 32-bit encodings of Armv7-M, e.g. b.w.; fpu: whether it has an FPU.
    """

    name: str
    version: str
    compile_command: tuple[str, ...]
    link_command: tuple[str, ...]
    flags: tuple[str, ...]
    system_include: str | None = None  # of compiler headers; kept out of debug information
    thumb2: bool = True
    fpu: bool = False

    def flags_for(self, source: Path) -> tuple[str, ...]:
        """Flags of one C file: those of all, and the FPU's where the core has one and the file uses it."""
        return self.flags + (FPU_FLAGS if self.fpu and uses_fpu(source) else ())

    def compile(self, source: Path, includes: tuple[Path, ...], shift_code_bytes: int, cache: Cache) -> bytes:
        """Compile one .c or .s file to an object file's bytes.

        shift_code_bytes: 0, or 2 to move every function and loop head off its alignment by one halfword.
        Raises ToolchainError with the compiler's own message.
        """
        headers = with_includes(source, includes)[1:]
        source_flags = self.flags_for(source)
        key = digest(
            self.version, *self.compile_command[1:], *source_flags, str(shift_code_bytes), source.name,
            source.read_bytes(), *(part for p in headers for part in (p.name, p.read_bytes())),
        )  # fmt: skip
        if (cached := cache.get("object", key)) is not None:
            return cached
        with tempfile.TemporaryDirectory(prefix="bnnsim-") as folder:
            built = Path(folder) / "out.o"
            include_flags = [f"-I{p}" for p in includes]
            maps = [f"-ffile-prefix-map={p}=." for p in (*includes, source.parent, self.system_include) if p]
            # GNU as maps no paths in the line tables that it makes for assembly: leave those out.
            flags = [f for f in source_flags if f != "-g" or source.suffix == ".c"]
            command = [*self.compile_command, *flags, *_WARNINGS, *maps, f"-fdebug-prefix-map={folder}=."]
            if shift_code_bytes and source.suffix == ".c":
                text = Path(folder) / "out.s"
                self._run([*command, *include_flags, "-S", str(source), "-o", str(text)], folder)
                text.write_text(_shift(text.read_text(), shift_code_bytes))
                source = text
            self._run([*command, *include_flags, "-c", str(source), "-o", str(built)], folder)
            data = built.read_bytes()
        cache.put("object", key, data)
        return data

    def link(self, objects: list[bytes], script: Path, memory: str, keep: tuple[str, ...] = ()) -> bytes:
        """Link object files with a linker script, dropping what nothing reaches; returns the ELF's bytes.

        memory: the memory.ld that the script includes; keep: symbols to keep beside those that are reached.
        """
        with tempfile.TemporaryDirectory(prefix="bnnsim-") as folder:
            names = []
            for number, data in enumerate(objects):
                (Path(folder) / f"{number}.o").write_bytes(data)
                names.append(f"{number}.o")
            (Path(folder) / "memory.ld").write_text(memory)
            keeps = [flag for name in keep for flag in ("-u", name)]
            command = [*self.link_command, "-T", str(script), "--gc-sections", "--build-id=none", *keeps, *names]
            self._run([*command, "-o", "out.elf"], folder)
            return (Path(folder) / "out.elf").read_bytes()

    def _run(self, command: list[str], folder: str) -> None:
        environment = os.environ | {"LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ToolchainError(f"{command[0]} did not finish within {_TIMEOUT_S} s; {_advice(self.name)}") from error
        except OSError as error:
            raise ToolchainError(f"cannot run {command[0]}: {error.strerror}; {_advice(self.name)}") from error
        if done.returncode:
            shown = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
            spelled = " ".join([Path(command[0]).name, *command[1:]])
            raise ToolchainError(f"{self.name} failed:\n{shown}\n(command: {spelled})")


def _advice(name: str) -> str:
    return f"install it with: {_INSTALL[name]}"


def _shift(assembly: str, shift_code_bytes: int) -> str:
    """Put a halfword of padding behind every alignment of 8 or 16 bytes in code."""
    padding = "\n\tnop" * (shift_code_bytes // 2)
    lines, in_code = [], True
    for line in assembly.splitlines():
        words = line.replace(",", " ").split()
        if words[:1] in ([".section"], [".text"]):
            in_code = words[0] == ".text" or words[1].startswith(".text")
        aligns = in_code and words[:1] in ([".p2align"], [".align"], [".balign"])
        power = aligns and (words[1] in ("3", "4") if words[0] != ".balign" else words[1] in ("8", "16"))
        lines.append(line + padding if power else line)
    return "\n".join(lines) + "\n"


def load_toolchain(name: str, target: str) -> Toolchain:
    """Find a compiler for a core. target: its -mcpu name, e.g. "cortex-m4".

    Raises UsageError for an unknown name or target, ToolchainError with the install command if the
    compiler is missing or does not run.
    """
    if name not in NAMES:
        raise UsageError(f"unknown toolchain {name!r}; known: {', '.join(NAMES)}" + nearest(name, NAMES))
    processor = target.partition("+")[0]  # "+nofp" and the like only narrow it
    if processor not in _ARCHITECTURES:
        known = ", ".join(_ARCHITECTURES) + nearest(processor, _ARCHITECTURES)
        raise UsageError(f"unknown target {target!r} of toolchain {name}; known: {known}")
    architecture = _ARCHITECTURES[processor]
    thumb2 = architecture != _THUMB1
    fpu = processor in _FPU_CORES and "nofp" not in target.split("+")[1:]
    machine = (f"-mcpu={target}", "-mthumb", "-mfloat-abi=soft")
    if name == "gcc":
        compiler, linker = shutil.which("arm-none-eabi-gcc"), shutil.which("arm-none-eabi-ld")
        if not compiler or not linker:
            raise ToolchainError(f"arm-none-eabi-gcc is not on the PATH; {_advice(name)}")
        version = _version(name, [compiler, "--version"])
        if not thumb2:
            machine += ("-masm-syntax-unified",)  # else GCC reads inline assembly for Armv6-M as pre-UAL syntax
        return Toolchain(name, version, (compiler,), (linker,), machine + COMMON_FLAGS, thumb2=thumb2, fpu=fpu)
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise ToolchainError(f"the ziglang package is not installed; {_advice(name)}")
    folder = Path(spec.submodule_search_locations[0])
    zig = shutil.which("zig", path=str(folder)) or str(folder / "zig")
    include = str(folder / "lib" / "include")
    compile_command = (zig, "clang", "-target", f"{architecture}-none-eabi", "-nostdinc", "-isystem", include)
    version = f"{_version(name, [zig, 'clang', '--version'])} (ziglang {importlib.metadata.version('ziglang')})"
    flags = machine + COMMON_FLAGS
    return Toolchain(name, version, compile_command, (zig, "ld.lld"), flags, include, thumb2, fpu)


def _version(name: str, command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolchainError(f"cannot run {command[0]}: {error}; {_advice(name)}") from error
    if done.returncode or not done.stdout:
        raise ToolchainError(f"{command[0]} does not run: {done.stderr.strip()}; {_advice(name)}")
    return done.stdout.splitlines()[0].strip()


def sources_of(source: Path) -> list[Path]:
    """A source file and the headers beside it, which it may include."""
    return [source, *sorted(source.parent.glob("*.h"))]


def uses_fpu(source: Path) -> bool:
    """Whether a C file is a kernel that needs an FPU, whatever for, or computes with floats."""
    return uses_floats(source) or (source.suffix == ".c" and bool(_NEEDS_FPU.match(source.read_bytes())))


def uses_floats(source: Path) -> bool:
    """Whether a C file, or a header beside it, names a type of floats outside its comments."""
    if source.suffix != ".c":
        return False
    texts = (_NO_CODE.sub(b"", path.read_bytes()) for path in sources_of(source))
    return any(re.search(rb"\bfloat", text) for text in texts)


def write_header_folder(cache: Cache, text: str) -> Path:
    """Write the generated isa.h to a folder of its own (named by its content) and return the folder."""
    folder = cache.folder / "include" / digest(text)[:16]
    path = folder / "isa.h"
    if not (path.is_file() and path.read_bytes() == text.encode()):
        try:
            write_atomically(path, text.encode())
        except OSError:
            folder = Path(tempfile.mkdtemp(prefix="bnnsim-include-"))
            (folder / "isa.h").write_text(text)
    return folder
