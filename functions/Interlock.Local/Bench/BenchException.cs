namespace Interlock.Local.Bench;

/// <summary>The benchmark can't be trusted: an answer was wrong, or a process did not start or died.</summary>
internal sealed class BenchException(string message, Exception? inner = null) : IOException(message, inner);
