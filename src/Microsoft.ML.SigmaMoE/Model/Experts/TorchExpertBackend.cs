using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The readable truth: libtorch's operations, one matrix multiplication per expert, matrix and direction, on any
/// device.
/// </summary>
internal sealed class TorchExpertBackend(ScalarType computeType) : IExpertBackend
{
    public string Name => $"libtorch, {computeType}";

    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
    {
        var (slots, tokens) = Order(inputs, batch);                                // [slots]
        var sorted = inputs.Tokens.to(computeType).index_select(0, tokens);        // [slots, d_model]
        var (up, down) = (inputs.Up.to(computeType), inputs.Down.to(computeType));
        var bias = inputs.UpBias?.to(computeType);
        var factors = Factors(inputs.Gates, slots, mask);                          // [slots, 1] or [slots, expert size]
        var activation = ActivationFunction.Of(inputs.Activation);
        var hidden = empty(sorted.size(0), up.size(1), dtype: computeType, device: sorted.device);
        long[] shape = [inputs.Tokens.size(0), down.size(2)];                    // [tokens, outputs]
        var output = zeros(shape, dtype: ScalarType.Float32, device: sorted.device);
        foreach (var (expert, start, end) in Segments(batch))
        {
            var raw = nn.functional.linear(sorted[start..end], up[expert], bias?[expert]); // [slots of e, expert size]
            hidden[start..end] = raw;
            var active = (activation.Apply(raw) * factors[start..end]).to(computeType);
            var part = MatrixProduct.Of(active, down[expert]); // [slots of e, outputs]
            output.AddRowsInPlace(tokens[start..end], part.to(ScalarType.Float32));
        }

        return new(output, hidden);
    }

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden)
    {
        var (slots, tokens) = Order(inputs, batch);                                // [slots]
        var sorted = inputs.Tokens.to(computeType).index_select(0, tokens);        // [slots, d_model]
        var arriving = gradient.to(computeType).index_select(0, tokens);           // [slots, outputs]
        var (up, down) = (inputs.Up.to(computeType), inputs.Down.to(computeType));
        var factors = Factors(inputs.Gates, slots, mask);                          // [slots, 1] or [slots, expert size]
        var activation = ActivationFunction.Of(inputs.Activation);
        var sortedMask = mask?.index_select(0, slots);                             // [slots, expert size]
        var result = Zeros(inputs);
        var byGate = zeros(sorted.size(0), dtype: ScalarType.Float32, device: sorted.device);  // [slots]
        foreach (var (expert, start, end) in Segments(batch))
        {
            var (raw, factor) = (hidden[start..end], factors[start..end]);         // [slots of e, expert size]
            var active = activation.Apply(raw);
            var byGated = MatrixProduct.Of(arriving[start..end], down[expert].t()); // [slots of e, expert size]
            var byHidden = (byGated * factor * activation.Derivative(raw)).to(computeType);
            var weighed = sortedMask is null ? active : active * sortedMask[start..end];
            byGate[start..end] = (byGated.to(ScalarType.Float32) * weighed).sum(-1);
            result.Down[expert] = MatrixProduct.Of((active * factor).to(computeType).t(), arriving[start..end]);
            result.Up[expert] = MatrixProduct.Of(byHidden.t(), sorted[start..end]);
            var byToken = MatrixProduct.Of(byHidden, up[expert]);                            // [slots of e, d_model]
            result.Tokens.AddRowsInPlace(tokens[start..end], byToken.to(ScalarType.Float32));
            if (result.UpBias is { } byBias)
            {
                byBias[expert] = byHidden.to(ScalarType.Float32).sum(dim: 0);
            }
        }

        result.Gates.view(-1).index_copy_(0, slots, byGate);
        return result;
    }

    private static (Tensor Slots, Tensor Tokens) Order(in ExpertInputs inputs, ExpertBatch batch) =>
        (batch.MakeSlots(inputs.Tokens.device), batch.MakeTokens(inputs.Tokens.device));

    private static Tensor Factors(Tensor gates, Tensor slots, Tensor? mask)
    {
        var sorted = gates.flatten().index_select(0, slots).unsqueeze(-1);         // [slots, 1]
        return mask is null ? sorted : sorted * mask.index_select(0, slots);
    }

    private static ExpertGradients Zeros(in ExpertInputs inputs) => new(
        zeros_like(inputs.Tokens),
        zeros_like(inputs.Gates),
        zeros_like(inputs.Up),
        zeros_like(inputs.Down),
        inputs.UpBias is null ? null : zeros_like(inputs.UpBias));

    private static IEnumerable<(int Expert, int Start, int End)> Segments(ExpertBatch batch) =>
        Enumerable.Range(0, batch.ExpertCount)
            .Select(expert => (Expert: expert, Start: batch.Offsets[expert], End: batch.Offsets[expert + 1]))
            .Where(segment => segment.Start < segment.End);
}
