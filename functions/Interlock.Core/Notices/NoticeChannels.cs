using System.Collections.Immutable;
using Interlock.Core.Approvals;
using Interlock.Json;

namespace Interlock.Core.Notices;

/// <summary>The channels of an installation, by name.</summary>
public sealed class NoticeChannels
{
    private readonly ImmutableArray<NoticeChannel> _all;

    internal NoticeChannels(IEnumerable<NoticeChannel> channels) => _all = [.. channels];

    public static NoticeChannels None { get; } = new([]);

    public bool IsEmpty => _all.IsEmpty;

    /// <summary>
    /// Reads <c>{ channels: [ { name, kind: teams | email | webhook, url, for: [group:x, user:y], events: [opened, closed], to: […], secret } ] }</c>.
    /// Addresses are https; with <paramref name="allowLoopback"/> also http to this machine.
    /// </summary>
    /// <exception cref="FormatException">Everything that is wrong: a JSON pointer and what was expected. Repeats no value: they are secrets.</exception>
    public static NoticeChannels Parse(ReadOnlySpan<byte> json, bool allowLoopback)
    {
        JsonValue document;
        try
        {
            document = StrictJson.Parse(json);
        }
        catch (NotIJsonException)
        {
            throw new FormatException("The channels are no I-JSON."); // what it says of the text may hold a secret
        }
        return new NoticeChannelReader(allowLoopback).Read(document);
    }

    public NoticeChannel? Find(string name) => _all.FirstOrDefault(channel => channel.Name == name);

    /// <summary>Those that want to be told this of the gate.</summary>
    public IEnumerable<NoticeChannel> For(Gate gate, string what) => _all.Where(channel => channel.Wants(gate, what));
}
