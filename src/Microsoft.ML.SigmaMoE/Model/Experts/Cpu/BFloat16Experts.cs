using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary><see cref="BFloat16ExpertBackend"/> for one activation.</summary>
internal sealed unsafe class BFloat16Experts<TActivation> : IExpertPasses
    where TActivation : struct, IVectorActivation
{
    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
    {
        var shape = ExpertShape.Of(inputs);
        var raw = empty(batch.SlotOrder.Length, shape.ExpertSize, dtype: ScalarType.BFloat16);  // [slots, G]
        var output = empty_like(inputs.Tokens);                                                 // [tokens, D]
        using var tensors = NewDisposeScope();
        using var tokens = new RoundedRows(inputs.Tokens.size(0), shape);
        var call = new RoundedCall(inputs, batch, mask, raw, tokens);
        var source = ExpertCall.Pointer(inputs.Tokens);
        var target = TensorMemory.Of<float>(output);
        var kept = BFloat16ExpertBackend.Kept(inputs);
        using var made = kept is null
            ? new PackedExperts(
                ExpertCall.Pointer(inputs.Up), ExpertCall.Pointer(inputs.Down), shape, batch.ExpertCount,
                batch.HasTokens)
            : null;
        var weights = kept ?? made!;
        call.ByTokens((first, end, shares) =>
        {
            using var pass = new ExpertForwardPass<TActivation>(
                call, weights, new(target, shape.ModelSize, first, end));
            tokens.Round(source, first, end);
            shares.ForEach(pass.Run);
        });
        return new(output, raw);
    }

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor raw)
    {
        var shape = ExpertShape.Of(inputs);
        var result = new ExpertGradients(
            empty_like(inputs.Tokens),
            empty_like(inputs.Gates),
            empty_like(inputs.Up),
            empty_like(inputs.Down),
            inputs.UpBias is null ? null : empty_like(inputs.UpBias));
        using var tensors = NewDisposeScope();
        using var tokens = new RoundedRows(inputs.Tokens.size(0), shape);
        using var arriving = new RoundedRows(inputs.Tokens.size(0), shape);
        using var byRaw = new Scratch<ushort>(
            (batch.SlotOrder.Length + 16L) * shape.PaddedExpertSize,
            isZeroed: shape.ExpertSize < shape.PaddedExpertSize);
        var call = new RoundedCall(inputs, batch, mask, raw, tokens);
        ByTokensAndGates(call, inputs, ExpertCall.Pointer(gradient), arriving, result, byRaw.Pointer);
        ByWeights(call, arriving, result, byRaw.Pointer);
        return result;
    }

    private static void ByTokensAndGates(
        RoundedCall call, in ExpertInputs inputs, float* gradient, RoundedRows arriving, ExpertGradients result,
        ushort* byRaw)
    {
        var source = ExpertCall.Pointer(inputs.Tokens);
        var byToken = TensorMemory.Of<float>(result.Tokens);
        var byGate = TensorMemory.Of<float>(result.Gates);
        using var weights = new PackedExperts(
            ExpertCall.Pointer(inputs.Down), ExpertCall.Pointer(inputs.Up), call.Shape, call.Batch.ExpertCount,
            call.Batch.HasTokens);
        call.ByTokens((first, end, shares) =>
        {
            using var pass = new InputGradientPass<TActivation>(
                call, weights, arriving, new(byToken, call.Shape.ModelSize, first, end), byGate, byRaw);
            call.Tokens.Round(source, first, end);
            arriving.Round(gradient, first, end);
            shares.ForEach(pass.Run);
        });
    }

    private static void ByWeights(RoundedCall call, RoundedRows arriving, ExpertGradients result, ushort* byRaw)
    {
        var up = TensorMemory.Of<float>(result.Up);
        var down = TensorMemory.Of<float>(result.Down);
        var bias = TensorMemory.Of<float>(result.UpBias);
        var size = (long)call.Shape.ExpertSize * call.Shape.ModelSize;
        WeightGradientPass<TActivation> Hire() => new(call, byRaw, arriving);
        CpuWork.Run(CpuWork.Threads, 2 * call.Batch.ExpertCount, Hire, (pass, piece) =>
        {
            var expert = piece / 2;
            if (piece % 2 == 0)
            {
                pass.Up(expert, up + expert * size);
                pass.Bias(expert, bias == null ? null : bias + (long)expert * call.Shape.ExpertSize);
            }
            else
            {
                pass.Down(expert, down + expert * size);
            }
        });
    }
}
