namespace Interlock.Json.Jq;

/// <summary>
/// What a program may read, an upper bound: whether the root input can influence the result, and the global variables.
/// </summary>
public sealed record JqReferences(bool ReadsInput, IReadOnlyList<JqReference> Variables);

/// <summary>
/// A global variable and the longest path of member names through which every such read of it goes:
/// <c>$context.classification.service</c> gives <c>context</c> and two names. Empty when it is used whole or dynamically.
/// </summary>
public sealed record JqReference(string Variable, IReadOnlyList<string> Path);
