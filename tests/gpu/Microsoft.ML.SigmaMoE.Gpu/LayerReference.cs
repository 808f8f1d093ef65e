namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>The layer and its gradients in float64, neuron by neuron: what the kernels must equal.</summary>
internal sealed class LayerReference
{
    private readonly LayerProblem _problem;
    private readonly ExpertSizes _sizes;

    public LayerReference(LayerProblem problem)
    {
        (_problem, _sizes) = (problem, problem.Sizes);
        Output = new double[problem.Tokens.Length];
        ByTokens = new double[problem.Tokens.Length];
        ByGates = new double[problem.Gates.Length];
        ByUp = new double[problem.Up.Length];
        ByDown = new double[problem.Down.Length];
        ByBias = new double[(long)_sizes.Experts * _sizes.ExpertSize];
        for (var slot = 0; slot < problem.Choices.Length; slot++)
        {
            for (var neuron = 0; neuron < _sizes.ExpertSize; neuron++)
            {
                Add(slot, (int)problem.Choices[slot], neuron);
            }
        }
    }

    public double[] Output { get; }

    public double[] ByTokens { get; }

    public double[] ByGates { get; }

    public double[] ByUp { get; }

    public double[] ByDown { get; }

    public double[] ByBias { get; }

    private void Add(int slot, int expert, int neuron)
    {
        var (size, row) = (_sizes.ModelSize, ((long)expert * _sizes.ExpertSize) + neuron);
        var token = (long)(slot / _sizes.Active) * size;
        double raw = _problem.Bias is { } bias ? bias[row] : 0;
        double byOutput = 0;
        for (var d = 0; d < size; d++)
        {
            raw += (double)_problem.Tokens[token + d] * _problem.Up[(row * size) + d];
            byOutput += (double)_problem.Gradient[token + d] * _problem.Down[(row * size) + d];
        }

        double gate = _problem.Gates[slot];
        var hidden = Math.Max(0, raw);
        var byRaw = raw > 0 ? gate * byOutput : 0;
        ByGates[slot] += byOutput * hidden;
        ByBias[row] += byRaw;
        for (var d = 0; d < size; d++)
        {
            Output[token + d] += gate * hidden * _problem.Down[(row * size) + d];
            ByTokens[token + d] += byRaw * _problem.Up[(row * size) + d];
            ByUp[(row * size) + d] += byRaw * _problem.Tokens[token + d];
            ByDown[(row * size) + d] += gate * hidden * _problem.Gradient[token + d];
        }
    }
}
