using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary><see cref="Float32ExpertBackend"/> for one width of registers and one activation.</summary>
internal sealed unsafe class Float32Experts<TLanes, TVector, TActivation> : IExpertPasses
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TActivation : struct, IVectorActivation
{
    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
    {
        var raw = empty(batch.SlotOrder.Length, inputs.Up.size(1), dtype: ScalarType.Float32);  // [slots, G]
        var output = empty_like(inputs.Tokens);                                                 // [tokens, D]
        using var tensors = NewDisposeScope();
        var call = new FloatCall(inputs, batch, mask, raw);
        var tokens = ExpertCall.Pointer(inputs.Tokens);
        var down = ExpertCall.Pointer(inputs.Down);
        var target = TensorMemory.Of<float>(output);
        using var up = new NeuronProducts<TLanes, TVector>(call, ExpertCall.Pointer(inputs.Up));
        FloatForwardPass<TLanes, TVector, TActivation> Pass() => new(call, up, down);
        if (NeuronShares.Threads(call) is > 1 and var threads)
        {
            NeuronShares.Run(call, threads, target, (shares, first, end, sums) =>
            {
                using var pass = Pass();
                foreach (var share in shares)
                {
                    pass.Run(share, tokens, sums, first, end);
                }
            });
            return new(output, raw);
        }

        call.ByTokens((first, end, shares) =>
        {
            using var pass = Pass();
            new Span<float>(target + first * call.Shape.ModelSize, (int)(end - first) * call.Shape.ModelSize).Clear();
            shares.ForEach(share => pass.Run(share, tokens, target));
        });
        return new(output, raw);
    }

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor raw)
    {
        var result = new ExpertGradients(
            empty_like(inputs.Tokens),
            empty_like(inputs.Gates),
            empty_like(inputs.Up),
            empty_like(inputs.Down),
            inputs.UpBias is null ? null : empty_like(inputs.UpBias));
        using var tensors = NewDisposeScope();
        var call = new FloatCall(inputs, batch, mask, raw);
        var arriving = ExpertCall.Pointer(gradient);
        using var byRaw = new Scratch<float>(
            (long)batch.SlotOrder.Length * call.Shape.PaddedExpertSize, isZeroed: false);
        ByTokensAndGates(call, inputs, arriving, result, byRaw.Pointer);
        ByWeights(call, ExpertCall.Pointer(inputs.Tokens), arriving, result, byRaw.Pointer);
        return result;
    }

    private static void ByTokensAndGates(
        FloatCall call, in ExpertInputs inputs, float* arriving, ExpertGradients result, float* byRaw)
    {
        var byToken = TensorMemory.Of<float>(result.Tokens);
        var byGate = TensorMemory.Of<float>(result.Gates);
        var up = ExpertCall.Pointer(inputs.Up);
        using var down = new NeuronProducts<TLanes, TVector>(call, ExpertCall.Pointer(inputs.Down));
        call.ByTokens((first, end, shares) =>
        {
            using var pass = new FloatInputGradientPass<TLanes, TVector, TActivation>(call, down, up, byGate, byRaw);
            new Span<float>(byToken + first * call.Shape.ModelSize, (int)(end - first) * call.Shape.ModelSize).Clear();
            shares.ForEach(share => pass.Run(share, arriving, byToken));
        });
    }

    private static void ByWeights(FloatCall call, float* tokens, float* arriving, ExpertGradients result, float* byRaw)
    {
        var up = TensorMemory.Of<float>(result.Up);
        var down = TensorMemory.Of<float>(result.Down);
        var bias = TensorMemory.Of<float>(result.UpBias);
        const int Neurons = FloatWeightGradientPass<TLanes, TVector, TActivation>.Neurons;
        var blocks = (call.Shape.ExpertSize + Neurons - 1) / Neurons;
        var pieces = 2 * call.Batch.ExpertCount * blocks;
        FloatWeightGradientPass<TLanes, TVector, TActivation> Hire() => new(call, byRaw);
        CpuWork.Run(CpuWork.Threads, pieces, Hire, (pass, piece) =>
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
}
