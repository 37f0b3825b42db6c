namespace Interlock.Core.Audit;

/// <summary>The archive holds another content under the name of an object that should be there: the chain or the object is not what it was.</summary>
public sealed class ArchiveConflictException(string message) : IOException(message);
