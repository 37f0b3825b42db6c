namespace Interlock.Local.Storage;

/// <summary>Another process serves this data directory.</summary>
internal sealed class DataDirectoryInUseException(string directory, Exception inner) : Exception(
    $"The data directory {directory} is in use by another Interlock process. Stop that process, or start this one with another data directory.", inner);
