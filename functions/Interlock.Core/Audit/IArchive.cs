namespace Interlock.Core.Audit;

/// <summary>Named objects that are added once, and never replaced or deleted. Safe for concurrent use; a broken store throws.</summary>
public interface IArchive
{
    /// <summary>
    /// Adds an object, durably. Null when it was added; else the digest (<c>sha256:</c> and hex) of the object that has the name, which stays as it
    /// is: after a lost answer that may be this one.
    /// </summary>
    /// <param name="name">Segments of ASCII letters, digits, <c>-</c>, <c>_</c>, <c>.</c> and <c>~</c>, joined by <c>/</c>: at most 1,024 characters.</param>
    /// <param name="content">Read from its beginning, perhaps more than once: it must seek. Not disposed.</param>
    /// <param name="cancellationToken">Stops the waiting; the object may be added nevertheless.</param>
    Task<string?> AddAsync(string name, Stream content, CancellationToken cancellationToken = default);
}
