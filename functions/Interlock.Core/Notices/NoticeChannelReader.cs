using System.Collections.Immutable;
using Interlock.Core.Policy;
using Interlock.Json;

namespace Interlock.Core.Notices;

/// <summary>Reads channels for <see cref="NoticeChannels.Parse"/>. What it does not know it refuses: a misspelt member must not tell the wrong people.</summary>
internal sealed class NoticeChannelReader(bool allowLoopback)
{
    private const int MaxChannels = 20;
    private const int MaxName = 64;
    private const int MaxList = 50;
    private const int MaxAddress = 254;
    private const string SecretPrefix = "whsec_";

    private readonly List<string> _errors = [];

    public NoticeChannels Read(JsonValue document)
    {
        var channels = Only(document, "", "channels") ? All(document["channels"]) : [];
        return _errors.Count == 0 ? new NoticeChannels(channels) : throw new FormatException(string.Join(' ', _errors));
    }

    private List<NoticeChannel> All(JsonValue? list)
    {
        var channels = new List<NoticeChannel>();
        if (list is not { IsArray: true } || list.Count > MaxChannels)
        {
            Error("/channels", $"a list of at most {MaxChannels} channels was expected");
            return channels;
        }
        for (var i = 0; i < list.Count; i++)
        {
            var at = JsonPointer.Append("/channels", i);
            if (Channel(list.Items[i], at) is not { } channel) continue;
            if (channels.Exists(other => other.Name == channel.Name)) Error(at + "/name", "another channel has this name");
            channels.Add(channel);
        }
        return channels;
    }

    private NoticeChannel? Channel(JsonValue channel, string at)
    {
        if (!Only(channel, at, "name", "kind", "url", "for", "events", "to", "secret")) return null;
        var name = channel["name"]?.StringOrNull() ?? "";
        if (name.Length is 0 or > MaxName || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            Error(at + "/name", $"1 to {MaxName} lower-case letters, digits and dashes were expected");
        NoticeChannelKind? kind = channel["kind"]?.StringOrNull() switch
        {
            "teams" => NoticeChannelKind.Teams,
            "email" => NoticeChannelKind.Email,
            "webhook" => NoticeChannelKind.Webhook,
            _ => null,
        };
        if (kind is null) Error(at + "/kind", "teams, email or webhook was expected");
        var address = Address(channel["url"], at + "/url");
        var read = new NoticeChannel(name, kind.GetValueOrDefault(), address ?? new Uri("https://unread.invalid"))
        {
            For = Approvers(channel["for"], at + "/for"),
            TellsClosing = TellsClosing(channel["events"], at + "/events"),
            To = Recipients(channel["to"], kind, at + "/to"),
            Key = Key(channel["secret"], kind, at + "/secret"),
        };
        return kind is null || address is null ? null : read;
    }

    private Uri? Address(JsonValue? url, string at)
    {
        if (Uri.TryCreate(url?.StringOrNull(), UriKind.Absolute, out var address) && address.UserInfo.Length == 0
            && (address.Scheme == "https" || (allowLoopback && address is { Scheme: "http", IsLoopback: true }))) return address;
        Error(at, allowLoopback ? "an https address, or http to this machine, was expected" : "an https address was expected");
        return null;
    }

    private ImmutableArray<Approver> Approvers(JsonValue? list, string at)
    {
        if (list is null) return [];
        var approvers = ImmutableArray.CreateBuilder<Approver>();
        foreach (var (item, pointer) in Items(list, at))
        {
            if (Approver.Parse(item) is { } approver) approvers.Add(approver);
            else Error(pointer, "group:id or user:id was expected");
        }
        return approvers.ToImmutable();
    }

    private bool TellsClosing(JsonValue? list, string at)
    {
        if (list is null) return false;
        var events = Items(list, at).Select(item => item.Text).ToList();
        if (events is [NoticeEvents.Opened] or [NoticeEvents.Opened, NoticeEvents.Closed]) return events.Count > 1;
        Error(at, "[opened] or [opened, closed] was expected");
        return false;
    }

    private ImmutableArray<string> Recipients(JsonValue? list, NoticeChannelKind? kind, string at)
    {
        if (kind is not NoticeChannelKind.Email)
        {
            if (list is not null && kind is not null) Error(at, "belongs to channels of kind email");
            return [];
        }
        var recipients = ImmutableArray.CreateBuilder<string>();
        foreach (var (item, pointer) in Items(list ?? JsonValue.Null, at))
        {
            if (IsMailbox(item)) recipients.Add(item);
            else Error(pointer, "an e-mail address was expected");
        }
        return recipients.ToImmutable();
    }

    /// <summary>Plain addresses only: nothing that a relay could take for two, or for a header.</summary>
    private static bool IsMailbox(string text) =>
        text.Length <= MaxAddress && text.Split('@') is [{ Length: > 0 }, { Length: > 0 }]
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '@' or '.' or '-' or '_' or '+');

    private ImmutableArray<byte>? Key(JsonValue? secret, NoticeChannelKind? kind, string at)
    {
        if (secret is null)
        {
            if (kind is NoticeChannelKind.Webhook) Error(at, "a secret was expected: nobody could tell who sent it");
            return null;
        }
        if (kind is NoticeChannelKind.Teams) Error(at, "Teams checks no signature: its secret is the address");
        var key = new byte[64];
        if (secret.StringOrNull() is { } text && text.StartsWith(SecretPrefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(text[SecretPrefix.Length..], key, out var length) && length >= 24) return [.. key.AsSpan(0, length)];
        Error(at, $"{SecretPrefix} and 24 to 64 random bytes in base64 were expected");
        return null;
    }

    private IEnumerable<(string Text, string Pointer)> Items(JsonValue list, string at)
    {
        if (list is not { IsArray: true, Count: > 0 and <= MaxList })
        {
            Error(at, $"a list of 1 to {MaxList} strings was expected");
            yield break;
        }
        for (var i = 0; i < list.Count; i++)
            yield return (list.Items[i].StringOrNull() ?? "", JsonPointer.Append(at, i));
    }

    private bool Only(JsonValue value, string at, params ReadOnlySpan<string> names)
    {
        if (!value.IsObject)
        {
            Error(at, "an object was expected");
            return false;
        }
        foreach (var (name, _) in value.Members)
            if (!names.Contains(name)) Error(JsonPointer.Append(at, name), $"unknown; {string.Join(", ", names)} were expected");
        return true;
    }

    private void Error(string pointer, string expected) => _errors.Add($"{(pointer.Length == 0 ? "/" : pointer)}: {expected}.");
}
