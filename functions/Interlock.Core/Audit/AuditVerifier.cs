using System.Buffers;
using System.IO.Pipelines;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// Recomputes chains and says what was tampered with, where. Streams: memory grows with the number of chains, not of records.
/// </summary>
public static class AuditVerifier
{
    private const int MaxLineBytes = 4 * 1024 * 1024;

    /// <summary>Verifies an export; chains, and several tenants' exports, may interleave.</summary>
    /// <param name="export">The whole export of a tenant, or of several.</param>
    /// <param name="anchor">The checkpoints to hold it against; null for none.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<AuditVerification> VerifyExportAsync(Stream export, AuditAnchor? anchor = null, CancellationToken cancellationToken = default)
    {
        var verification = new RunningVerification(anchor);
        var reader = PipeReader.Create(export, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        long number = 0;
        var skipping = false;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                number++;
                if (!skipping) AddLine(verification, buffer.Slice(0, end).ToArray(), number);
                skipping = false;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }
            if (read.IsCompleted)
            {
                if (!buffer.IsEmpty && !skipping) AddLine(verification, buffer.ToArray(), number + 1);
                break;
            }
            if (buffer.Length > MaxLineBytes)
            {
                if (!skipping) verification.AddMalformed(number + 1, $"The line is longer than {MaxLineBytes} bytes.");
                skipping = true;
                buffer = buffer.Slice(buffer.End);
            }
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
        await reader.CompleteAsync();
        return verification.Complete();
    }

    /// <summary>Verifies what a store holds for a tenant. A store knows no earlier ends, so without an anchor truncation is not excluded.</summary>
    public static async Task<AuditVerification> VerifyStoreAsync(ITableStore store, TenantId tenant, AuditAnchor? anchor = null, CancellationToken cancellationToken = default)
    {
        var verification = new RunningVerification(anchor);
        await foreach (var chain in new AuditLog(store).ListChainsAsync(tenant, cancellationToken))
        {
            var listed = new AuditChain(tenant, chain);
            if (!await AddChainAsync(verification, store, listed, cancellationToken)) verification.AddEmptyChain(listed);
        }
        return verification.Complete();
    }

    /// <summary>Verifies one chain of a store, up to the end it has now.</summary>
    public static async Task<AuditVerification> VerifyChainAsync(ITableStore store, AuditChain chain, CancellationToken cancellationToken = default)
    {
        var verification = new RunningVerification(null);
        await AddChainAsync(verification, store, chain, cancellationToken);
        return verification.Complete();
    }

    private static async Task<bool> AddChainAsync(RunningVerification verification, ITableStore store, AuditChain chain, CancellationToken cancellationToken)
    {
        var any = false;
        await foreach (var row in AuditRows.QueryAsync(store, chain, cancellationToken))
        {
            verification.Add(AuditExport.Line(chain, row), 0);
            any = true;
        }
        return any;
    }

    private static void AddLine(RunningVerification verification, ReadOnlySpan<byte> utf8, long number)
    {
        try
        {
            verification.Add(StrictJson.Parse(utf8), number);
        }
        catch (NotIJsonException e)
        {
            verification.AddMalformed(number, e.Message);
        }
    }
}
