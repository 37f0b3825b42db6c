namespace Interlock.Http.Upstreams.Credentials;

/// <summary>Whose token for what: of one registration at one endpoint, and where it stands for a caller, of that subject and that very token.</summary>
internal sealed record TokenKey(string Registration, Uri Endpoint, string Client, string? Scope, string? Resource)
{
    public string? Subject { get; init; }

    /// <summary>The digest of the caller's token.</summary>
    public string? Caller { get; init; }
}

/// <summary>A token and how long it is good for.</summary>
internal sealed record HeldToken(string Value, TimeSpan Lifetime);

/// <summary>
/// Tokens in memory, each asked for by one request at a time and renewed before it ends. Bounded: the one unused longest goes first. A failure is not kept.
/// </summary>
internal sealed class TokenCache(TimeProvider time)
{
    private const int MaxTokens = 2000;
    private static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private readonly Dictionary<TokenKey, Entry> _entries = [];

    /// <summary>The token of a key, asked for where there is none, where it ends soon, or where it is the one that was refused.</summary>
    public async Task<string> GetAsync(TokenKey key, string? refused, Func<CancellationToken, Task<HeldToken>> ask, CancellationToken ct)
    {
        Entry entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var known) || !known.IsUsable(time.GetUtcNow(), refused))
            {
                if (known is null && _entries.Count >= MaxTokens) _entries.Remove(_entries.MinBy(held => held.Value.UsedAt).Key);
                _entries[key] = known = new Entry();
            }
            entry = known;
            entry.UsedAt = time.GetUtcNow();
            entry.Asking ??= AskAsync(key, entry, ask);
        }
        return await entry.Asking.WaitAsync(ct);
    }

    private async Task<string> AskAsync(TokenKey key, Entry entry, Func<CancellationToken, Task<HeldToken>> ask)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // out of the lock
        using var patience = new CancellationTokenSource(AskPatience, time);
        try
        {
            var held = await ask(patience.Token);
            var skew = held.Lifetime / 5 < MostSkew ? held.Lifetime / 5 : MostSkew;
            entry.RenewAt = time.GetUtcNow() + held.Lifetime - skew;
            return held.Value;
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                if (_entries.GetValueOrDefault(key) == entry) _entries.Remove(key);
            }
            if (e is not OperationCanceledException) throw;
            throw CredentialException.Of(CredentialException.Failed, $"The token endpoint {key.Endpoint.Authority} did not answer in time.");
        }
    }

    private sealed class Entry
    {
        public Task<string>? Asking { get; set; }
        public DateTimeOffset RenewAt { get; set; } = DateTimeOffset.MaxValue;
        public DateTimeOffset UsedAt { get; set; }

        public bool IsUsable(DateTimeOffset now, string? refused) =>
            Asking is not { IsCompleted: true } || (Asking.IsCompletedSuccessfully && now < RenewAt && (refused is null || Asking.Result != refused));
    }
}
