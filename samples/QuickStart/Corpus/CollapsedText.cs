using System.Text;

namespace QuickStart;

/// <summary>Text in the making: every run of white space becomes one space, and none stands at either end.</summary>
internal sealed class CollapsedText
{
    private readonly StringBuilder _text = new();
    private bool _spaceIsDue;

    public static string Of(string text)
    {
        var collapsed = new CollapsedText();
        collapsed.Append(text);
        return collapsed.ToString();
    }

    public void Append(ReadOnlySpan<char> text)
    {
        while (text.Length > 0)
        {
            var end = 0;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            AppendWord(text[..end]);
            _spaceIsDue |= end < text.Length;
            text = text[Math.Min(end + 1, text.Length)..];
        }
    }

    public void AppendSpace() => _spaceIsDue = true;

    public override string ToString() => _text.ToString();

    private void AppendWord(ReadOnlySpan<char> word)
    {
        if (word.Length == 0)
        {
            return;
        }

        if (_spaceIsDue && _text.Length > 0)
        {
            _text.Append(' ');
        }

        _text.Append(word);
        _spaceIsDue = false;
    }
}
