using System.Reflection;
using Xunit.v3;

[assembly: Microsoft.ML.SigmaMoE.Tests.FreesLeftTensors]

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Frees after each test what its last backward pass left on the thread, so that no other test's count of tensors
/// changes when the thread's next one does, or the thread ends.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class FreesLeftTensorsAttribute : BeforeAfterTestAttribute
{
    /// <inheritdoc/>
    public override void After(MethodInfo methodUnderTest, IXunitTest test) => LeftTensors.OfThisThread.Free();
}
