namespace Interlock.Json.Jq;

/// <summary>
/// What a program may read, an upper bound: whether the root input can influence the result, and the global variables.
/// </summary>
public sealed record JqReferences(bool ReadsInput, IReadOnlyList<JqReference> Variables);

/// <summary>
/// A place in a global variable, by the longest static path of member names: <c>$context.classification.service</c>
/// gives <c>context</c> and two names. The path is empty when the variable is used whole or dynamically; places within
/// one another are given once, by the outer one.
/// </summary>
public sealed record JqReference(string Variable, IReadOnlyList<string> Path);
