#!/usr/bin/env bash
# Everything that needs a GPU, in one call of ten minutes at most, on a Linux machine that has nothing but an NVIDIA driver:
#   (a) the kernels through the driver alone, against sums in float64, then under compute-sanitizer, where there is one;
#   (b) TorchSharp over a libtorch with CUDA, if its folder is given: symbols, gradients, the layer with every router beside
#       the processor's, training;
#   (c) times with CUDA events, each beside a check of its numbers: the kernels, a dense layer, torch._grouped_mm, and the
#       authors' Triton layer.
# Use: tests/gpu/run.sh [LIBTORCH_FOLDER]          where LIBTORCH_FOLDER holds libtorch_cuda.so (pip: …/torch/lib)
#      tests/gpu/run.sh --pack ARCHIVE.tar.gz       makes an archive that holds this script and all it needs: no .NET there
#      tests/gpu/run.sh --emulate [LIBTORCH_FOLDER] the same sequence on the processor, to see that it works; no times
# Settings: SECONDS_AT_MOST (600), PYTHON (python3), AUTHORS_LAYER (the folder triton_src of the authors' moe_layer).
# Each part ends in one line, PASS, FAIL or SKIPPED; all of them come again at the end. Exit code 0: no FAIL; 1: one or more;
# 3: there is no CUDA driver.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program="$here/bin/publish/Microsoft.ML.SigmaMoE.Gpu"
python=${PYTHON:-python3}
limit=${SECONDS_AT_MOST:-600}
summary=()

publish() {
    command -v dotnet >/dev/null || { echo "The .NET 10 SDK is needed once, to publish: tests/gpu/run.sh --pack" >&2; exit 1; }
    dotnet publish "$here/Microsoft.ML.SigmaMoE.Gpu" -c Release -r linux-x64 --self-contained -o "$here/bin/publish" \
        -p:PublishSingleFile=true -p:PublishTrimmed=true -p:TrimMode=partial -p:EnableCompressionInSingleFile=true \
        -p:IncludeNativeLibrariesForSelfExtract=false -p:SuppressTrimAnalysisWarnings=true -p:TreatWarningsAsErrors=false \
        -p:NoWarn=IL3000 -p:DebugType=none -nologo -v q || exit 1
    rm -f "$here"/bin/publish/*.xml "$here"/bin/publish/*.dbg
}

# LINE: says how a part ended, and keeps it for the end
note() {
    echo "$1"
    summary+=("$1")
}

# NAME SECONDS COMMAND…: runs a part, for as long as it may and as there is time; exit code 77 of the command skips it
part() {
    local name=$1 most=$2 left=$((limit - SECONDS)) begin=$SECONDS code=0
    shift 2
    echo
    echo "== $name"
    [ "$left" -ge 5 ] || { note "SKIPPED $name: no time is left of $limit seconds"; return; }
    [ "$most" -le "$left" ] || most=$left
    timeout --kill-after=5 "$most" "$@" || code=$?
    case $code in
        0) note "PASS $name ($((SECONDS - begin)) s)" ;;
        77) note "SKIPPED $name: see above" ;;
        124 | 137) note "FAIL $name: not done within $most seconds" ;;
        *) note "FAIL $name: exit code $code" ;;
    esac
}

# NAME REASON: a part that cannot run here
skip() {
    echo
    echo "== $1"
    note "SKIPPED $1: $2"
}

# the part of the program that uses a libtorch, or why not
torch_part() {
    local name=$1 most=$2
    shift 2
    if [ -z "$libtorch" ]; then skip "$name" "no libtorch folder was given"
    elif [ ! -e "$libtorch/libtorch_cpu.so" ]; then note "FAIL $name: $libtorch holds no libtorch_cpu.so"
    else part "$name" "$most" "$program" "$@" --libtorch "$libtorch"; fi
}

sanitizer_part() {
    local name=$1 tool=$2
    if [ ${#emulate[@]} != 0 ]; then skip "$name" "there is no GPU"
    elif ! command -v compute-sanitizer >/dev/null; then skip "$name" "there is no compute-sanitizer"
    else part "$name" 100 compute-sanitizer --tool "$tool" --error-exitcode 9 "$program" kernels; fi
}

if [ "${1:-}" = --pack ]; then
    publish
    tar -C "$here" -czf "${2:?name the archive}" run.sh contenders.py bin/publish
    exit
fi

[ -x "$program" ] || publish
emulate=()
if [ "${1:-}" = --emulate ]; then
    shift
    library=$("$here/../Microsoft.ML.SigmaMoE.Kernels/build-library") || exit
    emulate=(--emulate "$library")
elif ! ldconfig -p 2>/dev/null | grep -q libcuda.so.1 && [ ! -e "${CUDA_DRIVER:-/usr/lib/x86_64-linux-gnu/libcuda.so.1}" ]; then
    echo "There is no CUDA driver here: libcuda.so.1 cannot be found. Run this on a machine with an NVIDIA GPU." >&2
    exit 3
fi

libtorch=${1:-}
SECONDS=0
if command -v nvidia-smi >/dev/null; then
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv || true
fi

part "(a) kernels against sums in float64" 60 "$program" kernels "${emulate[@]}"
sanitizer_part "(a) memory accesses" memcheck
sanitizer_part "(a) races in shared memory" racecheck
torch_part "(b) symbols of libtorch" 20 symbols
torch_part "(b) gradients of experts and layers on libtorch" 60 gradients
torch_part "(b) training on libtorch" 120 training
if [ ${#emulate[@]} != 0 ]; then
    part "(c) the benchmark's checks, on the processor: its times say nothing" 60 "$program" benchmark --quick "${emulate[@]}"
    skip "(c) contenders in Python" "there is no GPU"
else
    part "(c) times of the kernels" 80 "$program" benchmark
    torch_part "(c) times beside a dense layer and a loop" 80 benchmark
    # by itself: a libtorch that refuses the script ends the process
    torch_part "(c) times beside torch._grouped_mm" 60 benchmark --grouped
    if ! command -v "$python" >/dev/null; then skip "(c) contenders in Python" "there is no $python"
    else
        # a libtorch of pip lies in its package, whose own Python finds what it needs beside it
        part "(c) contenders in Python" 80 env "PYTHONPATH=${libtorch:+$(dirname "$(dirname "$libtorch")")}${PYTHONPATH:+:$PYTHONPATH}" \
            "$python" "$here/contenders.py"
    fi
fi

echo
printf '%s\n' "${summary[@]}"
! printf '%s\n' "${summary[@]}" | grep -q '^FAIL'
