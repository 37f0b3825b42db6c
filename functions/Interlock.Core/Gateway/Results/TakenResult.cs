namespace Interlock.Core.Gateway.Results;

/// <summary>An answer as it is recorded and handed on, or why it is not; and what was blanked out of it.</summary>
internal sealed record TakenResult(UpstreamResult.Completed Answer, Problem? Refused, RedactionMark? Redaction);

/// <summary>How many values of a result were blanked out, and a MAC over the whole as it came: who has the key and the original can show that they belong together.</summary>
public sealed record RedactionMark(int Count, string Mac);
