namespace Interlock.Core.Registry.Contracts;

/// <summary>One thing in what a server shows that is written for a model rather than about the tool.</summary>
/// <param name="Rule">The rule that found it.</param>
/// <param name="Pointer">Where, as a JSON Pointer into the tool object, or <c>/instructions</c> of the server.</param>
/// <param name="Excerpt">What stands there, bounded, with characters that show nothing as escapes.</param>
public sealed record ContractFinding(string Rule, string Pointer, string Excerpt);
