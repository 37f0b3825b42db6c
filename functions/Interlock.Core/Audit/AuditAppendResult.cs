namespace Interlock.Core.Audit;

/// <summary>
/// How an append ended. Only <see cref="Appended"/> means that this caller's rows went in now: whoever claims something by an append
/// owns it on that result alone.
/// </summary>
public abstract record AuditAppendResult
{
    private AuditAppendResult()
    {
    }

    /// <param name="Seqs">The places of the records, in their order.</param>
    public sealed record Appended(IReadOnlyList<long> Seqs) : AuditAppendResult
    {
        /// <summary>The ETags of what was written together with it, in order.</summary>
        public IReadOnlyList<string?> Together { get; init; } = [];
    }

    /// <summary>Records of these ids were there before, in the same chain; nothing was written.</summary>
    public sealed record AlreadyAppended(IReadOnlyList<long> Seqs) : AuditAppendResult;

    /// <summary>A row to be written alongside was there before; nothing was written.</summary>
    public sealed record AlongsideExists(string Row) : AuditAppendResult;

    /// <summary>What was to be written together with it could not be: another was there, or had been written meanwhile. Nothing was written.</summary>
    public sealed record TogetherRefused : AuditAppendResult;
}
