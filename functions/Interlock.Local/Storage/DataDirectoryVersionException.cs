namespace Interlock.Local.Storage;

/// <summary>The database in the data directory is not one this version can open; says which and what to do.</summary>
internal sealed class DataDirectoryVersionException(string message) : Exception(message);
