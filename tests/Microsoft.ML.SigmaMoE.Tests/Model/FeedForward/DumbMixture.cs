namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A mixture expert by expert and neuron by neuron.</summary>
internal static class DumbMixture
{
    public static double[] Output(MixtureOfExpertsOptions options, DumbProblem problem)
    {
        var output = new double[problem.Tokens * problem.ModelSize];
        var weights = DumbRouting.Weights(options, problem);
        for (var token = 0; token < problem.Tokens; token++)
        {
            for (var i = 0; i < problem.ModelSize && options.Bias; i++)
            {
                output[token * problem.ModelSize + i] += problem["output_bias"][i];
            }

            for (var choice = 0; choice < options.ActiveExperts; choice++)
            {
                AddExpert(options, problem, token, choice, weights[token][choice], output);
            }
        }

        return output;
    }

    private static void AddExpert(
        MixtureOfExpertsOptions options, DumbProblem problem, int token, int choice, double weight, double[] output)
    {
        for (var neuron = 0; neuron < options.ExpertSize; neuron++)
        {
            var row = problem.Choices[token][choice] * options.ExpertSize + neuron;
            var raw = problem.Dot(token, "expert_up", row) + (options.Bias ? problem["expert_bias"][row] : 0);
            var hidden = weight * Math.Max(0, raw) * Mask(options, problem, token, choice, neuron);
            for (var i = 0; i < problem.ModelSize; i++)
            {
                output[token * problem.ModelSize + i] += hidden * problem["expert_down"][row * problem.ModelSize + i];
            }
        }
    }

    // Drawn after the experts that are dropped, if there are any: the last.
    private static double Mask(MixtureOfExpertsOptions options, DumbProblem problem, int token, int choice, int neuron)
    {
        if (options.HiddenDropout == 0)
        {
            return 1;
        }

        var drawn = problem.Uniform[^1][(token * options.ActiveExperts + choice) * options.ExpertSize + neuron];
        return drawn < options.HiddenDropout ? 0 : 1 / (1 - options.HiddenDropout);
    }
}
