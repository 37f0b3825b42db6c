namespace Interlock.Core.Workflows;

/// <summary>An expression that failed. The message holds the expression and jq's own words, never the data it read.</summary>
public sealed class ExpressionException(Expression expression, string reason)
    : Exception($"The expression {Shorten(expression.Source.Trim())} at {expression.Path} failed: {reason}.")
{
    public Expression Expression { get; } = expression;

    private static string Shorten(string source) => source.Length <= 120 ? source : source[..120] + "…";
}
