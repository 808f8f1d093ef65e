namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// A few results of a layer that is too big to compute whole in float64: all of y and of the gradients by x and gates
/// for some tokens, all of the weights' gradients for some neurons.
/// </summary>
internal sealed class SampledReference(LayerProblem problem)
{
    private readonly ExpertSizes _sizes = problem.Sizes;
    private readonly double _tolerance = KernelCheck.Tolerances.Single(
        pair => pair.Numbers == problem.Sizes.Numbers).Tolerance;

    /// <summary>Compares.</summary>
    /// <returns>What is wrong, or null.</returns>
    public string? Fault(LayerRun run)
    {
        var (y, byX, byGates, byUp, byDown) = (run.Output, run.ByTokens, run.ByGates, run.ByUp, run.ByDown);
        if (y.Concat(byX).Concat(byGates).Concat(byUp).Concat(byDown).Any(value => !float.IsFinite(value)))
        {
            return "a result is not finite";
        }

        for (var sample = 0; sample < 24; sample++)
        {
            var token = (int)((long)sample * (_sizes.Tokens - 1) / 23);
            var row = (expert: (int)problem.Choices[token * _sizes.Active], neuron: sample * 7 % _sizes.ExpertSize);
            if ((OfToken(token, y, byX, byGates) ?? OfNeuron(row.expert, row.neuron, byUp, byDown)) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private string? OfToken(int token, float[] y, float[] byX, float[] byGates)
    {
        var size = _sizes.ModelSize;
        var (output, byToken, byGate) = (new double[size], new double[size], new double[_sizes.Active]);
        for (var choice = 0; choice < _sizes.Active; choice++)
        {
            var slot = (token * _sizes.Active) + choice;
            for (var neuron = 0; neuron < _sizes.ExpertSize; neuron++)
            {
                var row = (problem.Choices[slot] * _sizes.ExpertSize) + neuron;
                var (hidden, byOutput) = Neuron(token, row);
                var (gate, byRaw) = (problem.Gates[slot], hidden > 0 ? problem.Gates[slot] * byOutput : 0);
                byGate[choice] += hidden * byOutput;
                for (var d = 0; d < size; d++)
                {
                    output[d] += gate * hidden * problem.Down[(row * size) + d];
                    byToken[d] += byRaw * problem.Up[(row * size) + d];
                }
            }
        }

        return Closeness.Fault($"y of token {token}", output, y.AsSpan(token * size, size), _tolerance)
            ?? Closeness.Fault($"gradient by token {token}", byToken, byX.AsSpan(token * size, size), _tolerance)
            ?? Closeness.Fault(
                $"gradient by gates of token {token}", byGate, byGates.AsSpan(token * _sizes.Active, _sizes.Active),
                _tolerance);
    }

    private string? OfNeuron(int expert, int neuron, float[] byUp, float[] byDown)
    {
        var (size, row) = (_sizes.ModelSize, ((long)expert * _sizes.ExpertSize) + neuron);
        var (up, down) = (new double[size], new double[size]);
        for (var slot = 0; slot < problem.Choices.Length; slot++)
        {
            if (problem.Choices[slot] != expert)
            {
                continue;
            }

            var token = slot / _sizes.Active;
            var (hidden, byOutput) = Neuron(token, row);
            var (gate, byRaw) = (problem.Gates[slot], hidden > 0 ? problem.Gates[slot] * byOutput : 0);
            for (var d = 0; d < size; d++)
            {
                up[d] += byRaw * problem.Tokens[((long)token * size) + d];
                down[d] += gate * hidden * problem.Gradient[((long)token * size) + d];
            }
        }

        var at = (int)(row * size);
        return Closeness.Fault($"gradient by up[{expert}, {neuron}]", up, byUp.AsSpan(at, size), _tolerance)
            ?? Closeness.Fault($"gradient by down[{expert}, {neuron}]", down, byDown.AsSpan(at, size), _tolerance);
    }

    private (double Hidden, double ByOutput) Neuron(int token, long row)
    {
        double raw = 0, byOutput = 0;
        for (var d = 0; d < _sizes.ModelSize; d++)
        {
            raw += (double)problem.Tokens[((long)token * _sizes.ModelSize) + d]
                * problem.Up[(row * _sizes.ModelSize) + d];
            byOutput += (double)problem.Gradient[((long)token * _sizes.ModelSize) + d]
                * problem.Down[(row * _sizes.ModelSize) + d];
        }

        return (Math.Max(0, raw), byOutput);
    }
}
