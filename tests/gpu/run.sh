#!/usr/bin/env bash
# Everything that needs a GPU, in one call, on a Linux machine that has nothing but an NVIDIA driver:
#   (a) the kernels through the driver alone, against sums in float64 (also under compute-sanitizer, where there is one);
#   (b) TorchSharp over a libtorch with CUDA, if its folder is given: symbols, then the library on the device;
#   (c) times with CUDA events, each beside a check of its numbers.
# Use: tests/gpu/run.sh [LIBTORCH_FOLDER]          where LIBTORCH_FOLDER holds libtorch_cuda.so (pip: …/torch/lib)
#      tests/gpu/run.sh --pack ARCHIVE.tar.gz       makes an archive that holds this script and all it needs: no .NET there
#      tests/gpu/run.sh --emulate                   the same sequence on the processor, to see that it works; no times
# Exit code 3: there is no CUDA driver.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program="$here/bin/publish/Microsoft.ML.SigmaMoE.Gpu"

publish() {
    command -v dotnet >/dev/null || { echo "The .NET 10 SDK is needed once, to publish: tests/gpu/run.sh --pack" >&2; exit 1; }
    dotnet publish "$here/Microsoft.ML.SigmaMoE.Gpu" -c Release -r linux-x64 --self-contained -o "$here/bin/publish" \
        -p:PublishSingleFile=true -p:PublishTrimmed=true -p:TrimMode=partial -p:EnableCompressionInSingleFile=true \
        -p:IncludeNativeLibrariesForSelfExtract=false -p:SuppressTrimAnalysisWarnings=true -p:TreatWarningsAsErrors=false \
        -p:NoWarn=IL3000 -p:DebugType=none -nologo -v q
    rm -f "$here"/bin/publish/*.xml "$here"/bin/publish/*.dbg
}

[ -x "$program" ] || publish
if [ "${1:-}" = --pack ]; then
    tar -C "$here" -czf "${2:?name the archive}" run.sh bin/publish
    exit
fi

emulate=()
if [ "${1:-}" = --emulate ]; then
    shift
    emulate=(--emulate "$("$here/../Microsoft.ML.SigmaMoE.Kernels/build-library")")
elif ! ldconfig -p 2>/dev/null | grep -q libcuda.so.1 && [ ! -e "${CUDA_DRIVER:-/usr/lib/x86_64-linux-gnu/libcuda.so.1}" ]; then
    echo "There is no CUDA driver here: libcuda.so.1 cannot be found. Run this on a machine with an NVIDIA GPU." >&2
    exit 3
fi

failed=0
step() {
    echo
    echo "== $1"
    shift
    "$@" || { failed=1; echo "-- failed with exit code $?"; }
}

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv || true
step "(a) kernels against sums in float64" "$program" kernels "${emulate[@]}"
if command -v compute-sanitizer >/dev/null && [ ${#emulate[@]} = 0 ]; then
    step "(a) memory accesses" compute-sanitizer --tool memcheck --error-exitcode 9 "$program" kernels
    step "(a) races in shared memory" compute-sanitizer --tool racecheck --error-exitcode 9 "$program" kernels
else
    echo "-- compute-sanitizer: not run"
fi
if [ -n "${1:-}" ]; then
    step "(b) symbols of $1" "$program" symbols --libtorch "$1"
    step "(b) the library on libtorch" "$program" torch --libtorch "$1"
else
    echo "-- (b): not run, no libtorch folder was given"
fi
if [ ${#emulate[@]} = 0 ]; then
    step "(c) times" "$program" benchmark ${1:+--libtorch "$1"}
    # by itself: a libtorch that refuses the script ends the process
    [ -z "${1:-}" ] || step "(c) times beside torch._grouped_mm" "$program" benchmark --libtorch "$1" --grouped
else
    step "(c) the benchmark's checks, on the processor: its times say nothing" "$program" benchmark --quick "${emulate[@]}"
fi
exit $failed
