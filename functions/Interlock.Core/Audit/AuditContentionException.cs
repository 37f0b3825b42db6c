namespace Interlock.Core.Audit;

/// <summary>An append lost the chain's next place to other processes too many times; nothing was written, and it may be repeated.</summary>
public sealed class AuditContentionException(string message) : IOException(message);
