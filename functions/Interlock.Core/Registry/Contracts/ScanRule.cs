using System.Text.RegularExpressions;

namespace Interlock.Core.Registry.Contracts;

/// <summary>A text that has no business in a contract: its rule's name, and a pattern of linear time that ignores letter case.</summary>
internal sealed record ScanRule(string Name, Regex Pattern)
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    /// <summary>
    /// What has been seen in poisoned contracts. Each asks for a whole turn of phrase, never for a word: honest tools speak of passwords, rules and
    /// users too. They see the text in one line, with compatibility characters as what they stand for.
    /// </summary>
    public static IReadOnlyList<ScanRule> All { get; } =
    [
        Rule("markup", """<!--|<\s*/?\s*(important|system|instructions?|assistant|secret|hidden|critical|override|prompt|sys|inst)\b[^<>]{0,60}>|<\s*(script|iframe|img|object|embed|svg)\b|<\|[a-z_]{2,20}\|>|\[/?(inst|system)\]|!\[[^\]]{0,80}\]\(\s*https?:"""),
        Rule("override", """\b(ignore|disregard|forget|override|bypass)\b[^.]{0,30}\b(previous|prior|above|earlier|preceding|foregoing|system|developer|safety|your)\b[^.]{0,25}\b(instructions?|prompts?|rules|guidelines|directions|messages|policy|policies)\b"""),
        Rule("secrecy", """\b(do not|don't|never|must not|mustn't|should not|without)\b[^.]{0,20}\b(tell|telling|inform|informing|mention|mentioning|reveal|revealing|disclose|disclosing|notify|notifying|alert|alerting|asking)\b[^.]{0,25}\b(user|users|human|humans|person|operator|anyone|anybody|them)\b|\b(hide|conceal)\b[^.]{0,25}\bfrom (the )?(user|human|operator)\b"""),
        Rule("other-tools", """\b(before|after|when|whenever|instead of)\b[^.]{0,20}\b(using|calling|invoking|running)\b[^.]{0,10}\b(any|every|all|another|other)\b[^.]{0,15}\btools?\b|\b(any|all|every) other tools? (must|should|may not|are|is)\b|\bthis (tool|description) (overrides|supersedes|replaces|takes precedence)\b"""),
        Rule("sensitive-files", """(~|/home/[a-z]{1,32}|/root)/\.(ssh|aws|gnupg|kube|netrc|config/gcloud)|\bid_(rsa|ed25519|ecdsa)\b|/etc/(passwd|shadow)\b|\.(cursor|claude|vscode)/(mcp|settings)[a-z_.]{0,20}\.json|\bmcp(_config)?\.json\b"""),
        Rule("exfiltration", """\b(send|forward|upload|exfiltrate|transmit|leak|post|copy|paste|pass|include|append|attach|put|write)\b[^.]{0,60}\b((conversation|chat) (history|so far|log)|(whole|entire|full|this|current|previous) (conversation|chat)|system prompt|previous messages|(user'?s|your|all) (api keys?|passwords?|credentials|secrets|private keys?|tokens|environment variables)|contents? of (the )?(user'?s )?(environment|\.env|credentials?|private keys?))\b"""),
        Rule("impersonation", """(^|[.!?:] )(system|developer|assistant) ?(message|prompt|note|override)? ?: ?(you|from now|ignore|always|never|do not)\b|\byou are (now|no longer) (an?|the|in|bound)\b|\bfrom now on,? (you|always|never|every)\b|\bnew instructions? ?:"""),
        Rule("encoded-text", """[A-Za-z0-9+/]{160}|(\\x[0-9a-f]{2}){16}|(\\u[0-9a-f]{4}){16}|(%[0-9a-f]{2}){24}"""),
    ];

    private static ScanRule Rule(string name, string pattern) => new(name, new Regex(pattern, Options));
}
