using Mono.Cecil;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>TorchSharp's matmul ends the process where it should throw; see <see cref="MatrixProduct"/>.</summary>
public sealed class MatrixProductUseTests
{
    private static readonly string[] Endings = ["::matmul(", "::mv(", "::dot(", "::inner("];

    [Fact]
    public void Library_OutsideMatrixProduct_UsesNoProductThatEndsTheProcess() =>
        Assert.DoesNotContain(
            Calls(typeof(MatrixProduct).Assembly.Location), call => Endings.Any(call.Called.Contains));

    [Fact]
    public void Calls_OfThisAssembly_AreFound() =>
        Assert.Contains(
            Calls(typeof(MatrixProductUseTests).Assembly.Location), call => call.Called.Contains("::matmul("));

    private static IReadOnlyList<(string Caller, string Called)> Calls(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return
        [
            .. from type in module.GetTypes()
               from method in type.Methods
               where method.HasBody
               from instruction in method.Body.Instructions
               where instruction.Operand is MethodReference { DeclaringType.Namespace: "TorchSharp" }
               select (method.FullName, ((MethodReference)instruction.Operand).FullName),
        ];
    }
}
