namespace Interlock.Core.Gateway.Limits;

/// <summary>A lease lost its row to other instances too many times, or came too late to be used; nothing was admitted, and it may be repeated.</summary>
public sealed class LimitContentionException(string message) : IOException(message);
