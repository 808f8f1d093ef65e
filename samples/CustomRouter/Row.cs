namespace CustomRouter;

internal sealed class Row
{
    public string Text { get; set; } = "";
}
