namespace Interlock.Core.Policy;

/// <summary>What is wrong in a policy document: the 1-based line, a JSON pointer, and what to write instead.</summary>
public sealed record PolicyError(int Line, string Pointer, string Message)
{
    public override string ToString() => $"line {Line}, {(Pointer.Length == 0 ? "/" : Pointer)}: {Message}";
}

/// <summary>How reading a policy document ended.</summary>
public abstract record PolicyParseResult
{
    private PolicyParseResult()
    {
    }

    public sealed record Parsed(PolicySet Policies) : PolicyParseResult;

    /// <param name="Errors">At least one, by line.</param>
    public sealed record Invalid(IReadOnlyList<PolicyError> Errors) : PolicyParseResult;
}
