namespace Microsoft.ML.SigmaMoE;

/// <summary>The numbers of one AdamW step of one parameter, each already in the form in which it is used.</summary>
internal readonly record struct AdamWCoefficients(
    float GradientScale,
    float Decay,
    float OneMinusBeta1,
    float Beta2,
    float OneMinusBeta2,
    float StepSize,
    float RootScale,
    float Epsilon);
