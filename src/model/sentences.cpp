#include "model/sentences.hpp"

#include <algorithm>
#include <map>

namespace hoist {
namespace {

constexpr auto table = std::to_array<Sentence>({
    // Why a file failed.
    {"infected",
     {"A virus was found in the file ({signature}). It was put in quarantine.",
      "Se encontró un virus en el archivo ({signature}). Está en cuarentena.",
      "Um vírus foi encontrado no arquivo ({signature}). Ele está em quarentena."}},
    {"unscannable",
     {"The file is encrypted or protected by a password, so it cannot be checked for viruses. "
      "Upload it without a password.",
      "El archivo está cifrado o protegido con contraseña y no se puede analizar. Súbalo sin contraseña.",
      "O arquivo está criptografado ou protegido por senha e não pode ser verificado. Envie-o sem senha."}},
    {"scan_too_large",
     {"The file is over the virus scanner's limits, so it cannot be called clean.",
      "El archivo supera los límites del antivirus y no se puede dar por limpio.",
      "O arquivo passa dos limites do antivírus e não pode ser considerado limpo."}},
    {"scan_unavailable",
     {"The virus scanner could not check the file, so it is not accepted. Upload it again later.",
      "El antivirus no pudo analizar el archivo y por eso no se acepta. Inténtelo más tarde.",
      "O antivírus não pôde verificar o arquivo e por isso ele não foi aceito. Tente mais tarde."}},
    {"checksum_mismatch",
     {"The stored bytes are not the declared ones (SHA-256 differs). Upload the file again.",
      "Lo guardado no coincide con lo declarado (SHA-256 distinto). Suba el archivo de nuevo.",
      "O que foi guardado não é o declarado (SHA-256 diferente). Envie o arquivo de novo."}},
    {"storage_corrupt",
     {"The stored file was damaged in storage. Upload it again.",
      "El archivo guardado se dañó en el almacén. Súbalo de nuevo.",
      "O arquivo guardado foi danificado no armazenamento. Envie-o de novo."}},
    {"storage_unavailable",
     {"The object store could not be reached. Upload the file again later.",
      "No se pudo acceder al almacén de archivos. Suba el archivo más tarde.",
      "O armazenamento de arquivos não respondeu. Envie o arquivo mais tarde."}},
    {"inspection_unavailable",
     {"The file could not be inspected. Upload it again later.",
      "El archivo no se pudo examinar. Súbalo más tarde.",
      "O arquivo não pôde ser examinado. Envie-o mais tarde."}},
    {"object_missing",
     {"The stored file has been removed. Upload it again.",
      "El archivo guardado se ha borrado. Súbalo de nuevo.",
      "O arquivo guardado foi removido. Envie-o de novo."}},
    {"type_mismatch",
     {"The file was declared as {declared} but its content is {found}. Upload it with its real type.",
      "El archivo se declaró como {declared}, pero su contenido es {found}. Súbalo con su tipo real.",
      "O arquivo foi declarado como {declared}, mas seu conteúdo é {found}. Envie-o com seu tipo real."}},
    {"type_not_allowed",
     {"Files of this type are not taken here: {name} ({type}).",
      "Aquí no se aceptan archivos de este tipo: {name} ({type}).",
      "Arquivos deste tipo não são aceitos aqui: {name} ({type})."}},
    {"processing_failed",
     {"The file could not be processed in {count} attempts.",
      "El archivo no se pudo procesar en {count} intentos.",
      "O arquivo não pôde ser processado em {count} tentativas."}},
    {"processing_timeout",
     {"The file was not processed in time.", "El archivo no se procesó a tiempo.",
      "O arquivo não foi processado a tempo."}},
    {"expired",
     {"The file's bytes did not arrive in time.", "El archivo no llegó a tiempo.",
      "O arquivo não chegou a tempo."}},
    {"scanner_away",
     {"The virus scanner cannot be reached now. The file is checked as soon as it is back; nothing has to be "
      "done.",
      "El antivirus no responde ahora. El archivo se analizará en cuanto vuelva; no hay que hacer nada.",
      "O antivírus não responde agora. O arquivo será verificado assim que ele voltar; não é preciso fazer "
      "nada."}},

    // Why a file has no preview, or only a part of one.
    {"preview.unsupported_type",
     {"There is no preview for files of this type.", "No hay vista previa para archivos de este tipo.",
      "Não há visualização para arquivos deste tipo."}},
    {"preview.corrupt_file",
     {"The file is kept as it came, but it is damaged and cannot be shown. Compare it with the original.",
      "El archivo se guarda como llegó, pero está dañado y no se puede mostrar. Compárelo con el original.",
      "O arquivo fica como chegou, mas está danificado e não pode ser mostrado. Compare-o com o original."}},
    {"preview.truncated_file",
     {"The file is kept as it came, but part of it is missing, so it cannot be shown. Compare it with the "
      "original.",
      "El archivo se guarda como llegó, pero le falta una parte y no se puede mostrar. Compárelo con el "
      "original.",
      "O arquivo fica como chegou, mas falta uma parte e ele não pode ser mostrado. Compare-o com o "
      "original."}},
    {"preview.locked",
     {"The document needs a password, so there is no preview.",
      "El documento pide una contraseña; por eso no hay vista previa.",
      "O documento pede uma senha; por isso não há visualização."}},
    {"preview.decoder_limit",
     {"A preview would take more memory or time than a preview may take. The file itself is kept whole.",
      "La vista previa necesitaría demasiada memoria o demasiado tiempo. El archivo se guarda entero.",
      "A visualização precisaria de memória ou tempo demais. O arquivo é guardado inteiro."}},
    {"preview.decoder_crashed",
     {"The preview could not be made. The file itself is kept whole.",
      "No se pudo crear la vista previa. El archivo se guarda entero.",
      "A visualização não pôde ser criada. O arquivo é guardado inteiro."}},
    {"preview.truncated",
     {"Part of the file is missing: the preview shows the rest. Compare it with the original.",
      "Falta una parte del archivo: la vista previa muestra el resto. Compárelo con el original.",
      "Falta uma parte do arquivo: a visualização mostra o resto. Compare-o com o original."}},
    {"preview.damaged",
     {"The file is damaged: the preview shows what could be read. Compare it with the original.",
      "El archivo está dañado: la vista previa muestra lo que se pudo leer. Compárelo con el original.",
      "O arquivo está danificado: a visualização mostra o que pôde ser lido. Compare-o com o original."}},

    {"preview.late",
     {"There was no time for a preview; the file is tried again.",
      "No hubo tiempo para la vista previa; el archivo se vuelve a intentar.",
      "Não houve tempo para a visualização; o arquivo é tentado de novo."}},

    // What happened to a file.
    {"timeline.by", {"by {user}", "por {user}", "por {user}"}},
    {"timeline.attempt", {"attempt {number}", "intento {number}", "tentativa {number}"}},
    {"timeline.shared",
     {"its bytes were stored already", "su contenido ya estaba guardado", "seu conteúdo já estava guardado"}},
    {"timeline.requeued",
     {"no worker was done with it in time", "nadie terminó con él a tiempo",
      "ninguém terminou com ele a tempo"}},
    {"timeline.reminders",
     {"no worker finished it after {count} reminders", "nadie lo terminó después de {count} avisos",
      "ninguém o terminou depois de {count} avisos"}},
    {"timeline.removed",
     {"removed from the object store", "borrado del almacén de archivos",
      "removido do armazenamento de arquivos"}},

    // Why a request is refused.
    {"title.invalid", {"The request is not valid", "La petición no es válida", "O pedido não é válido"}},
    {"title.unauthenticated",
     {"Authentication is required", "Hace falta identificarse", "É preciso identificar-se"}},
    {"title.forbidden", {"Not allowed", "No permitido", "Não permitido"}},
    {"title.quota_exceeded",
     {"The storage quota is used up", "El espacio contratado está lleno", "O espaço contratado está cheio"}},
    {"title.not_found", {"Not found", "No encontrado", "Não encontrado"}},
    {"title.method_not_allowed", {"Method not allowed", "Método no permitido", "Método não permitido"}},
    {"title.request_timeout",
     {"The request took too long", "La petición tardó demasiado", "O pedido demorou demais"}},
    {"title.conflict",
     {"The current state does not allow this", "El estado actual no lo permite",
      "O estado atual não permite isso"}},
    {"title.gone", {"No longer available", "Ya no está disponible", "Não está mais disponível"}},
    {"title.length_required",
     {"Content-Length is required", "Hace falta Content-Length", "É preciso Content-Length"}},
    {"title.precondition_failed",
     {"A condition of the request does not hold", "No se cumple una condición de la petición",
      "Uma condição do pedido não se cumpre"}},
    {"title.too_large", {"Too large", "Demasiado grande", "Grande demais"}},
    {"title.uri_too_long",
     {"The URI is too long", "La dirección es demasiado larga", "O endereço é longo demais"}},
    {"title.unsupported_media_type",
     {"Unsupported media type", "Tipo de contenido no admitido", "Tipo de conteúdo não aceito"}},
    {"title.range_not_satisfiable",
     {"The range cannot be satisfied", "El intervalo no existe", "O intervalo não existe"}},
    {"title.idempotency_key_reused",
     {"The key was used for another request", "La clave ya se usó para otra petición",
      "A chave já foi usada para outro pedido"}},
    {"title.headers_too_large",
     {"The headers are too large", "Las cabeceras son demasiado grandes",
      "Os cabeçalhos são grandes demais"}},
    {"title.throttled", {"Too many requests", "Demasiadas peticiones", "Pedidos demais"}},
    {"title.internal", {"Internal error", "Error interno", "Erro interno"}},
    {"title.corrupt",
     {"Stored data is damaged", "Los datos guardados están dañados", "Os dados guardados estão danificados"}},
    {"title.not_implemented", {"Not implemented", "No está disponible", "Não está disponível"}},
    {"title.unavailable", {"Temporarily unavailable", "No disponible por ahora", "Indisponível no momento"}},
    {"title.timeout",
     {"A dependency did not answer in time", "Un servicio no respondió a tiempo",
      "Um serviço não respondeu a tempo"}},
    {"title.storage_full",
     {"The storage is full", "El almacenamiento está lleno", "O armazenamento está cheio"}},
    {"title.cancelled", {"Cancelled", "Cancelado", "Cancelado"}},
    {"ours",
     {"Something failed on our side. If it happens again, report the request id.",
      "Algo falló por nuestra parte. Si se repite, indique el identificador de la petición.",
      "Algo falhou do nosso lado. Se acontecer de novo, informe o identificador do pedido."}},
    {"more_fields",
     {"{count} more field(s) are wrong.", "Hay {count} campos más con errores.",
      "Há mais {count} campos com erros."}},
    {"storage_full",
     {"The server's storage is full. Try again when there is space.",
      "El almacenamiento del servidor está lleno. Inténtelo cuando haya espacio.",
      "O armazenamento do servidor está cheio. Tente quando houver espaço."}},
    {"quota_exceeded",
     {"The tenant's storage quota has no room for this file. Delete files or ask for more.",
      "No queda espacio contratado para este archivo. Elimine archivos o pida más.",
      "Não há espaço contratado para este arquivo. Exclua arquivos ou peça mais."}},
    {"file_too_large",
     {"This file is {file_size}; the limit is {limit_size}. Make it smaller or ask your administrator.",
      "Este archivo ocupa {file_size}; el límite es {limit_size}. Redúzcalo o consulte a su administrador.",
      "Este arquivo tem {file_size}; o limite é {limit_size}. Reduza-o ou fale com seu administrador."}},
    {"file_empty",
     {"This file is empty. Choose it again when it has content.",
      "Este archivo está vacío. Elíjalo de nuevo cuando tenga contenido.",
      "Este arquivo está vazio. Escolha-o de novo quando tiver conteúdo."}},
    {"project_name",
     {"A project's name is 1 to 64 letters without accents, digits, dots, dashes and underscores, without "
      "spaces.",
      "El nombre de un proyecto tiene de 1 a 64 letras sin acentos, cifras, puntos, guiones y guiones bajos, "
      "sin espacios.",
      "O nome de um projeto tem de 1 a 64 letras sem acentos, algarismos, pontos, hifens e sublinhados, sem "
      "espaços."}},
    {"not_granted",
     {"This object was not granted, or its grant has ended.",
      "Este objeto no se concedió, o su permiso ha terminado.",
      "Este objeto não foi concedido, ou sua permissão terminou."}},
    {"upload_not_found", {"There is no such upload.", "No existe tal archivo.", "Este arquivo não existe."}},
    {"batch_not_found", {"There is no such batch.", "No existe tal lote.", "Este lote não existe."}},
    {"nothing_here",
     {"There is nothing at this address.", "No hay nada en esta dirección.", "Não há nada neste endereço."}},
    {"method_not_allowed",
     {"This address does not take this method.", "Esta dirección no admite este método.",
      "Este endereço não aceita este método."}},
    {"no_thumbnail",
     {"There is no thumbnail of this size.", "No hay miniatura de este tamaño.",
      "Não há miniatura deste tamanho."}},
    {"not_completed.content",
     {"The upload is {state}; only COMPLETED files can be downloaded.",
      "El archivo está {state}; solo se descargan los COMPLETED.",
      "O arquivo está {state}; só os COMPLETED podem ser baixados."}},
    {"not_completed.thumbnail",
     {"The upload is {state}; only COMPLETED files have thumbnails.",
      "El archivo está {state}; solo los COMPLETED tienen miniaturas.",
      "O arquivo está {state}; só os COMPLETED têm miniaturas."}},
    {"not_failed",
     {"The upload is {state}; only a FAILED one can be tried again.",
      "El archivo está {state}; solo se reintenta uno FAILED.",
      "O arquivo está {state}; só um FAILED pode ser repetido."}},
    {"not_retryable.quarantined",
     {"A virus was found in this file, so it stays in quarantine.",
      "En este archivo se encontró un virus, así que sigue en cuarentena.",
      "Um vírus foi encontrado neste arquivo; ele fica em quarentena."}},
    {"not_retryable.gone",
     {"The file is no longer kept here. Send it again.", "El archivo ya no se conserva. Envíelo de nuevo.",
      "O arquivo não está mais guardado. Envie-o de novo."}},
    {"not_pending",
     {"The upload is {state}; only a PENDING one takes bytes.",
      "El archivo está {state}; solo uno PENDING recibe datos.",
      "O arquivo está {state}; só um PENDING recebe dados."}},
    {"not_completable",
     {"The upload is {state}, so it cannot be completed.",
      "El archivo está {state}, así que no se puede completar.",
      "O arquivo está {state}, por isso não pode ser concluído."}},
    {"no_transition",
     {"The upload is {state}, so it cannot become {next}.",
      "El archivo está {state}, así que no puede pasar a {next}.",
      "O arquivo está {state}, por isso não pode passar a {next}."}},
    {"changed_meanwhile",
     {"The upload has changed meanwhile.", "El archivo ha cambiado entretanto.",
      "O arquivo mudou nesse meio-tempo."}},
    {"bytes_missing",
     {"The file's bytes have not arrived yet.", "El archivo todavía no ha llegado.",
      "O arquivo ainda não chegou."}},
    {"parts_missing",
     {"{count} of {total} parts are missing: {numbers}.", "Faltan {count} de {total} partes: {numbers}.",
      "Faltam {count} de {total} partes: {numbers}."}},
    {"duplicate_checksum",
     {"The checksum of a file sent in parts must be sha256.",
      "La suma de control de un archivo enviado por partes debe ser sha256.",
      "A soma de verificação de um arquivo enviado em partes deve ser sha256."}},
    {"cursor_expired",
     {"This cursor is too old. Read the current state, then watch without a cursor.",
      "Este cursor es demasiado antiguo. Lea el estado actual y siga sin cursor.",
      "Este cursor é antigo demais. Leia o estado atual e acompanhe sem cursor."}},
    {"too_many_streams",
     {"Too many streams are open.", "Hay demasiadas conexiones abiertas.", "Há conexões abertas demais."}},
    {"too_many_requests",
     {"Too many {what}: the limit is {limit} in {window} seconds. Try again in {wait} seconds.",
      "Demasiadas peticiones: el límite es {limit} en {window} segundos. Inténtelo en {wait} segundos.",
      "Pedidos demais: o limite é {limit} em {window} segundos. Tente em {wait} segundos."}},
    {"role",
     {"This needs the role {needed} or more; yours is {role}.",
      "Esto requiere el rol {needed} o superior; el suyo es {role}.",
      "Isto exige o papel {needed} ou superior; o seu é {role}."}},
    {"token_missing",
     {"Send an access token in the header: Authorization: Bearer <token>.",
      "Envíe un token de acceso en la cabecera: Authorization: Bearer <token>.",
      "Envie um token de acesso no cabeçalho: Authorization: Bearer <token>."}},
    {"token_invalid",
     {"The access token is not valid.", "El token de acceso no es válido.",
      "O token de acesso não é válido."}},
    {"token_expired",
     {"The access token has expired. Ask for a new one.", "El token de acceso ha caducado. Pida otro.",
      "O token de acesso expirou. Peça outro."}},
    {"body_too_large",
     {"The body is larger than this route takes.", "El contenido es mayor de lo que se admite aquí.",
      "O conteúdo é maior do que se aceita aqui."}},

    // What is wrong with a field, going on from its name.
    {"field.required", {"is required", "es obligatorio", "é obrigatório"}},
    {"field.unknown", {"is not a known field", "no es un campo conocido", "não é um campo conhecido"}},
    {"field.unknown_parameter",
     {"is not a known parameter", "no es un parámetro conocido", "não é um parâmetro conhecido"}},
    {"field.empty", {"must not be empty", "no puede estar vacío", "não pode estar vazio"}},
    {"field.string", {"must be a string", "debe ser un texto", "deve ser um texto"}},
    {"field.object", {"must be an object", "debe ser un objeto", "deve ser um objeto"}},
    {"field.array", {"must be an array", "debe ser una lista", "deve ser uma lista"}},
    {"field.whole_number",
     {"must be a whole number", "debe ser un número entero", "deve ser um número inteiro"}},
    {"field.between",
     {"must be between {min} and {max}", "debe estar entre {min} y {max}", "deve estar entre {min} e {max}"}},
    {"field.from_to",
     {"must be a whole number from {min} to {max}", "debe ser un número entero de {min} a {max}",
      "deve ser um número inteiro de {min} a {max}"}},
    {"field.characters",
     {"must have {min} to {max} characters, and has {count}",
      "debe tener de {min} a {max} caracteres y tiene {count}",
      "deve ter de {min} a {max} caracteres e tem {count}"}},
    {"field.choice", {"must be one of {choices}", "debe ser uno de {choices}", "deve ser um de {choices}"}},
    {"field.items_max",
     {"must have at most {max} items, and has {count}", "admite {max} elementos como máximo y tiene {count}",
      "aceita no máximo {max} itens e tem {count}"}},
    {"field.items_min",
     {"must have at least one item", "debe tener al menos un elemento", "deve ter pelo menos um item"}},
    {"field.control",
     {"must not contain control characters", "no puede tener caracteres de control",
      "não pode ter caracteres de controle"}},
    {"field.slash", {"must not contain a slash", "no puede tener una barra", "não pode ter uma barra"}},
    {"field.media_type",
     {"must be a media type such as image/jpeg, without parameters",
      "debe ser un tipo como image/jpeg, sin parámetros",
      "deve ser um tipo como image/jpeg, sem parâmetros"}},
    {"field.status",
     {"must be a status such as COMPLETED", "debe ser un estado como COMPLETED",
      "deve ser um estado como COMPLETED"}},
    {"field.project", {"must be a project's id", "debe ser un proyecto", "deve ser um projeto"}},
    {"field.batch", {"must be a batch's id", "debe ser un lote", "deve ser um lote"}},
    {"field.search",
     {"goes with project_id and without batch_id", "va con project_id y sin batch_id",
      "vai com project_id e sem batch_id"}},
    {"field.sha256",
     {"must be sha256 for an upload in parts", "debe ser sha256 en un envío por partes",
      "deve ser sha256 em um envio em partes"}},
});
static_assert(languages.size() == 3);

using Words = std::map<std::string_view, std::string_view>;  // by the name in the template

// What stands in `text` where `form` has its names; nullopt unless all else is the same.
std::optional<Words> words_of(std::string_view form, std::string_view text) {
  auto words = Words{};
  while (true) {
    auto const open = form.find('{');
    if (open == form.npos) return form == text ? std::optional{words} : std::nullopt;
    if (!text.starts_with(form.substr(0, open))) return std::nullopt;
    text.remove_prefix(open);
    auto const close = form.find('}', open);
    auto const name = form.substr(open + 1, close - open - 1);
    form.remove_prefix(close + 1);
    auto const fixed = form.substr(0, form.find('{'));
    // The last name goes as far as the end allows, so that a sentence in it does not end it.
    auto const end = fixed.size() == form.size() ? text.rfind(fixed) : text.find(fixed);
    if (end == text.npos || end == 0) return std::nullopt;
    words.emplace(name, fixed.empty() ? text : text.substr(0, end));
    text.remove_prefix(fixed.empty() ? text.size() : end);
  }
}

// Outside of English, decimals have a comma.
std::string localised(std::string_view name, std::string_view word) {
  auto out = std::string{word};
  if (name.ends_with("_size")) std::ranges::replace(out, '.', ',');
  return out;
}

std::string fill(std::string_view form, Words const& words) {
  auto out = std::string{};
  for (auto open = form.find('{'); open != form.npos; open = form.find('{')) {
    auto const close = form.find('}', open);
    auto const name = form.substr(open + 1, close - open - 1);
    out += form.substr(0, open);
    out += localised(name, words.at(name));
    form.remove_prefix(close + 1);
  }
  return out.append(form);
}

}  // namespace

std::string_view to_string(Language language) {
  constexpr auto tags = std::array<std::string_view, 3>{"en", "es", "pt"};
  return tags.at(static_cast<std::size_t>(language));
}

std::optional<Language> parse_language(std::string_view tag) {
  auto const* const found = std::ranges::find(languages, tag, [](Language each) { return to_string(each); });
  return found == languages.end() ? std::nullopt : std::optional{*found};
}

std::span<Sentence const> sentences() {
  return table;
}

std::string in_language(Language language, std::string_view english) {
  if (language == Language::english) return std::string{english};
  for (auto const& sentence : table)
    if (auto const words = words_of(sentence.in[0], english))
      return fill(sentence.in.at(static_cast<std::size_t>(language)), *words);
  return std::string{english};
}

}  // namespace hoist
