namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Float32 weights as they are stored. A hidden neuron's two rows are contiguous: one dot product, and one addition where relu
/// lets it through; the second row of a dead neuron is not read.
/// </summary>
internal sealed unsafe class StoredExpertRows(float* up, float* down, float* bias, ExpertShape shape) : IExpertRows
{
    // Of neurons: 64 rows of d_model 512 are 128 kB, which stay in the second-level cache for the next token.
    private const int Neurons = 64;

    public int Block => Neurons;

    public int WeightSize => sizeof(float);

    public void Add(int expert, int first, int count, float* token, float gate, float* output)
    {
        var start = (long)expert * shape.ExpertSize + first;
        var hidden = stackalloc float[Neurons];
        RowProducts.Dot(up + start * shape.ModelSize, count, shape.ModelSize, token, hidden);
        var alive = stackalloc int[Neurons];
        var factors = stackalloc float[Neurons];
        var living = 0;
        for (var neuron = 0; neuron < count; neuron++)
        {
            var value = bias == null ? hidden[neuron] : hidden[neuron] + bias[start + neuron];
            (alive[living], factors[living]) = (neuron, gate * value);
            living += value <= 0 ? 0 : 1;                   // a number that is none must be seen in the result
        }

        RowProducts.AddSome(
            down + start * shape.ModelSize, new(alive, living), new(factors, living), shape.ModelSize, output);
    }
}
