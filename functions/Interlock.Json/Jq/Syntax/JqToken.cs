namespace Interlock.Json.Jq;

internal enum TokenKind
{
    End,
    Name,
    Field,
    Variable,
    Number,
    Format,
    Symbol,
    StringStart,
    StringText,
    InterpolationStart,
    InterpolationEnd,
    StringEnd,
}

/// <summary>A token and where it starts. The text of a name or string is what it means, without dot, dollar or escapes.</summary>
internal readonly record struct JqToken(TokenKind Kind, string Text, int Position)
{
    public bool Is(string symbol) => Kind == TokenKind.Symbol && Text == symbol;

    public bool IsWord(string word) => Kind == TokenKind.Name && Text == word;
}
