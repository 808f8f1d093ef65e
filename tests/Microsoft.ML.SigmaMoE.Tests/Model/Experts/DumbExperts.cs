namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Experts token by token in float64, forward and backward, written to be obviously right: what every backend must
/// equal. y[n] = Σ_k g[n, k] · (mask ⊙ φ(x[n] · up_eᵀ + b_e)) · down_e.
/// </summary>
internal sealed class DumbExperts(ExpertProblem problem, Activation activation = Activation.Relu)
{
    public double[,] Output { get; } = new double[problem.TokenCount, problem.ModelSize];

    public double[,] ByToken { get; } = new double[problem.TokenCount, problem.ModelSize];

    public double[,] ByGate { get; } = new double[problem.TokenCount, problem.Active];

    public double[,,] ByUp { get; } = new double[problem.Experts, problem.ExpertSize, problem.ModelSize];

    public double[,,] ByDown { get; } = new double[problem.Experts, problem.ExpertSize, problem.ModelSize];

    public double[,] ByBias { get; } = new double[problem.Experts, problem.ExpertSize];

    public DumbExperts Run()
    {
        for (var token = 0; token < problem.TokenCount; token++)
        {
            for (var choice = 0; choice < problem.Active; choice++)
            {
                for (var neuron = 0; neuron < problem.ExpertSize; neuron++)
                {
                    Neuron(token, choice, (int)problem.Choices[token, choice], neuron);
                }
            }
        }

        return this;
    }

    private void Neuron(int token, int choice, int expert, int neuron)
    {
        double raw = problem.Bias is null ? 0 : problem.Bias[expert, neuron];
        double byOutput = 0;
        for (var i = 0; i < problem.ModelSize; i++)
        {
            raw += (double)problem.Tokens[token, i] * problem.Up[expert, neuron, i];
            byOutput += (double)problem.Gradient[token, i] * problem.Down[expert, neuron, i];
        }

        var mask = problem.Mask is null ? 1.0 : problem.Mask[token, choice, neuron];
        double gate = problem.Gates[token, choice];
        var hidden = ScalarActivation.Value(activation, raw);
        var byRaw = byOutput * gate * mask * ScalarActivation.Slope(activation, raw);
        ByGate[token, choice] += byOutput * mask * hidden;
        ByBias[expert, neuron] += byRaw;
        for (var i = 0; i < problem.ModelSize; i++)
        {
            Output[token, i] += gate * mask * hidden * problem.Down[expert, neuron, i];
            ByDown[expert, neuron, i] += gate * mask * hidden * problem.Gradient[token, i];
            ByUp[expert, neuron, i] += byRaw * problem.Tokens[token, i];
            ByToken[token, i] += byRaw * problem.Up[expert, neuron, i];
        }
    }
}
