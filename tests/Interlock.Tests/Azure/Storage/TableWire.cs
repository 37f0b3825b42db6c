using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;

namespace Interlock.Tests.Azure.Storage;

/// <summary>Batches and entities as the SDK puts them on the wire. Source: TableClient, TableRestClient and MultipartContent of Azure.Data.Tables.</summary>
internal static class TableWire
{
    public const string Boundary = "batch_6c646e8a-3731-2f10-db82-35d8ee02e977";

    private const string Changeset = "changeset_a20c0f16-a002-0008-4cba-202e1b000000";
    private const string Format = "?$format=application%2Fjson%3Bodata%3Dminimalmetadata";

    public static byte[] Batch(Uri endpoint, string table, IReadOnlyList<TableTransactionAction> actions)
    {
        var body = new MemoryStream();
        Write(body, $"--{Boundary}\r\nContent-Type: multipart/mixed; boundary={Changeset}\r\n\r\n");
        foreach (var action in actions)
        {
            Write(body, $"--{Changeset}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n");
            var address = $"{endpoint}/{table}";
            var json = action.ActionType == TableTransactionActionType.Delete ? [] : Json((TableEntity)action.Entity);
            if (action.ActionType == TableTransactionActionType.Add)
            {
                Write(body, $"POST {address}{Format} HTTP/1.1\r\n");
            }
            else
            {
                var row = $"(PartitionKey='{Escape(action.Entity.PartitionKey)}',RowKey='{Escape(action.Entity.RowKey)}')";
                Write(body, $"{(action.ActionType == TableTransactionActionType.Delete ? "DELETE" : "PUT")} {address}{row}{Format} HTTP/1.1\r\n");
            }
            Write(body, $"Host: {endpoint.Authority}\r\nx-ms-version: 2019-02-02\r\nDataServiceVersion: 3.0\r\n");
            if (action.ActionType == TableTransactionActionType.Add) Write(body, "Prefer: return-no-content\r\n");
            else if (action.ETag != default || action.ActionType == TableTransactionActionType.Delete) Write(body, $"If-Match: {(action.ETag == default ? "*" : action.ETag)}\r\n");
            Write(body, "Accept: application/json;odata=minimalmetadata\r\nx-ms-client-request-id: 94f694f2-d253-44e4-825e-8585ba379cc9\r\nx-ms-return-client-request-id: true\r\n");
            if (json.Length > 0) Write(body, string.Create(CultureInfo.InvariantCulture, $"Content-Type: application/json;odata=nometadata\r\nContent-Length: {json.Length}\r\n"));
            Write(body, "\r\n");
            body.Write(json);
            Write(body, "\r\n");
        }
        Write(body, $"--{Changeset}--\r\n\r\n--{Boundary}--\r\n");
        return body.ToArray();
    }

    /// <summary>The parts' statuses and ETags, or the one refusal.</summary>
    public static (List<Response> Parts, ServiceError? Error) ReadBatch(string body)
    {
        var parts = new List<Response>();
        foreach (var part in body.Split("HTTP/1.1 ").Skip(1))
        {
            var status = int.Parse(part.AsSpan(0, 3), CultureInfo.InvariantCulture);
            if (status >= 400) return ([], ReadError(status, part[part.IndexOf('{')..(part.LastIndexOf('}') + 1)]));
            var etag = part.Split("\r\n").FirstOrDefault(line => line.StartsWith("ETag:", StringComparison.OrdinalIgnoreCase))?[5..].Trim();
            parts.Add(new StubResponse(status, etag));
        }
        return (parts, null);
    }

    public static ServiceError ReadError(int status, string body)
    {
        if (!body.StartsWith('{')) return new ServiceError(status, body);
        using var document = JsonDocument.Parse(body);
        var error = document.RootElement.GetProperty("odata.error");
        var index = error.GetProperty("message").GetProperty("value").GetString()!.Split(':')[0];
        return new ServiceError(status, error.GetProperty("code").GetString()!, int.TryParse(index, CultureInfo.InvariantCulture, out var number) ? number : null);
    }

    public static TableEntity Entity(JsonElement json)
    {
        var entity = new TableEntity();
        foreach (var property in json.EnumerateObject())
        {
            if (property.Name == "odata.etag") entity.ETag = new ETag(property.Value.GetString()!);
            else if (property.Name.StartsWith("odata.", StringComparison.Ordinal) || property.Name.Contains('@') || property.Name == "Timestamp") continue;
            else if (json.TryGetProperty(property.Name + "@odata.type", out var type) && type.GetString() == "Edm.Binary") entity[property.Name] = property.Value.GetBytesFromBase64();
            else entity[property.Name] = property.Value.GetString();
        }
        return entity;
    }

    private static byte[] Json(TableEntity entity)
    {
        var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            foreach (var name in entity.Keys)
            {
                json.WritePropertyName(name);
                if (entity[name] is byte[] binary)
                {
                    json.WriteBase64StringValue(binary);
                    json.WriteString(name + "@odata.type", "Edm.Binary");
                }
                else json.WriteStringValue((string?)entity[name]);
            }
            json.WriteEndObject();
        }
        return body.ToArray();
    }

    private static string Escape(string key) => Uri.EscapeDataString(key.Replace("'", "''", StringComparison.Ordinal));

    private static void Write(MemoryStream body, string text) => body.Write(Encoding.UTF8.GetBytes(text));
}
