using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Experts in float32 on any processor with AVX-512 or AVX2, in managed code alone: fused tiles over
/// <see cref="RegisterTiles{TLanes, TVector}"/>. For a given number of threads results never change.
/// </summary>
internal sealed class Float32ExpertBackend : IExpertBackend
{
    private readonly IExpertBackend _sized = Vector512.IsHardwareAccelerated
        ? new Sized<Lanes512, Vector512<float>>()
        : new Sized<Lanes256, Vector256<float>>();

    public string Name => $"fused float32 tiles, {(Vector512.IsHardwareAccelerated ? "AVX-512" : "AVX2")}";

    /// <summary>Gets whether this processor is one.</summary>
    public static bool IsAvailable => Processor.HasRegisterTiles;

    /// <summary>Gets whether this backend can compute the given inputs.</summary>
    public static bool Takes(in ExpertInputs inputs) =>
        IsAvailable && inputs.Activation == Activation.Relu && inputs.Tokens.device_type == DeviceType.CPU
        && Math.Max(inputs.Up.numel(), inputs.Tokens.numel()) < int.MaxValue / sizeof(float);

    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask) => _sized.Forward(inputs, batch, mask);

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden) =>
        _sized.Backward(gradient, inputs, batch, mask, hidden);

    /// <summary>The backend for one width of registers.</summary>
    internal sealed unsafe class Sized<TLanes, TVector> : IExpertBackend
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        public string Name => $"fused float32 tiles, {TLanes.Count} numbers a register";

        public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
        {
            var hidden = empty(batch.SlotOrder.Length, inputs.Up.shape[1], dtype: ScalarType.Float32);  // [slots, G]
            var output = empty_like(inputs.Tokens);                                                     // [tokens, D]
            using var tensors = NewDisposeScope();
            var call = Call(inputs, batch, mask, hidden);
            var tokens = Pointer(inputs.Tokens);
            var down = Pointer(inputs.Down);
            var target = TensorMemory.Of<float>(output);
            using var up = new NeuronProducts<TLanes, TVector>(call, Pointer(inputs.Up));
            ByTokens(call, inputs.Tokens.shape[0], (first, count, shares) =>
            {
                using var pass = new FloatForwardPass<TLanes, TVector>(call, up, down);
                new Span<float>(target + first * call.Shape.ModelSize, (int)count * call.Shape.ModelSize).Clear();
                shares.ForEach(share => pass.Run(share, tokens, target));
            });
            return new(output, hidden);
        }

        public ExpertGradients Backward(
            Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden)
        {
            var result = new ExpertGradients(
                empty_like(inputs.Tokens),
                empty_like(inputs.Gates),
                empty_like(inputs.Up),
                empty_like(inputs.Down),
                inputs.UpBias is null ? null : empty_like(inputs.UpBias));
            using var tensors = NewDisposeScope();
            var call = Call(inputs, batch, mask, hidden);
            var arriving = Pointer(gradient);
            using var byRaw = new Scratch<float>((long)batch.SlotOrder.Length * call.Shape.PaddedExpertSize, isZeroed: false);
            ByTokensAndGates(call, inputs, arriving, result, byRaw.Pointer);
            ByWeights(call, Pointer(inputs.Tokens), arriving, result, byRaw.Pointer);
            return result;
        }

        private static void ByTokensAndGates(
            FloatCall call, in ExpertInputs inputs, float* arriving, ExpertGradients result, float* byRaw)
        {
            var byToken = TensorMemory.Of<float>(result.Tokens);
            var byGate = TensorMemory.Of<float>(result.Gates);
            var up = Pointer(inputs.Up);
            using var down = new NeuronProducts<TLanes, TVector>(call, Pointer(inputs.Down));
            ByTokens(call, inputs.Tokens.shape[0], (first, count, shares) =>
            {
                using var pass = new FloatInputGradientPass<TLanes, TVector>(call, down, up, byGate, byRaw);
                new Span<float>(byToken + first * call.Shape.ModelSize, (int)count * call.Shape.ModelSize).Clear();
                shares.ForEach(share => pass.Run(share, arriving, byToken));
            });
        }

        private static void ByWeights(FloatCall call, float* tokens, float* arriving, ExpertGradients result, float* byRaw)
        {
            var up = TensorMemory.Of<float>(result.Up);
            var down = TensorMemory.Of<float>(result.Down);
            var bias = TensorMemory.Of<float>(result.UpBias);
            const int Neurons = FloatWeightGradientPass<TLanes, TVector>.Neurons;
            var blocks = (call.Shape.ExpertSize + Neurons - 1) / Neurons;
            var pieces = 2 * call.Batch.ExpertCount * blocks;
            CpuWork.Run(CpuWork.Threads, pieces, () => new FloatWeightGradientPass<TLanes, TVector>(call, byRaw), (pass, piece) =>
            {
                var (expert, neuron) = (piece / 2 / blocks, piece / 2 % blocks * Neurons);
                if (piece % 2 == 1)
                {
                    pass.Down(expert, neuron, arriving, down);
                    return;
                }

                pass.Up(expert, neuron, tokens, up);
                if (neuron == 0)
                {
                    pass.Bias(expert, bias);
                }
            });
        }

        private static void ByTokens(FloatCall call, long tokenCount, Action<long, long, List<TokenShare>> work)
        {
            var threads = (int)Math.Min(CpuWork.Threads, Math.Max(1, tokenCount / 16));
            CpuWork.Run(threads, threads, thread =>
            {
                var (first, end) = (tokenCount * thread / threads, tokenCount * (thread + 1) / threads);
                work(first, end - first, TokenShare.Of(
                    call.Batch.Offsets, call.Batch.TokenOrder, tokenCount, thread, threads, ExpertShape.TileRows));
            });
        }

        private static FloatCall Call(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden) => new()
        {
            Shape = new((int)inputs.Up.shape[2], (int)inputs.Up.shape[1]),
            Batch = batch,
            Gates = Pointer(inputs.Gates),
            Hidden = TensorMemory.Of<float>(hidden),
            Bias = inputs.UpBias is null ? null : Pointer(inputs.UpBias),
            Mask = mask is null ? null : Pointer(mask),
        };

        // a copy made here lives until the caller's scope ends
        private static float* Pointer(Tensor tensor) => TensorMemory.Of<float>(tensor.contiguous());
    }
}
